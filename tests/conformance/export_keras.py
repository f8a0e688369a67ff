"""Writes networks of Keras as ONNX files: FOLDER/EXPORTER,NETWORK.onnx.

Runs on its own, where TensorFlow is.

usage: export_keras.py FOLDER
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf2onnx  # noqa: E402
from keras import layers  # noqa: E402


def mlp():
    return [
        layers.Flatten(),
        layers.Dense(64, "relu"),
        layers.Dropout(0.2),
        layers.Dense(10, "softmax"),
    ]


def lenet():
    return [
        layers.Conv2D(6, 5, padding="same", activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(84, "tanh"),
        layers.Dense(10),
    ]


def mnist_convnet():
    """As in Keras' own example."""
    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, "softmax"),
    ]


def lstm():
    return [
        layers.Reshape((28, 28)),
        layers.LSTM(32, return_sequences=True),
        layers.Bidirectional(layers.LSTM(24)),
        layers.Dense(10, "softmax"),
    ]


def gru():
    return [
        layers.Reshape((28, 28)),
        layers.GRU(32, unroll=True),
        layers.Dense(10),
    ]


def sigmoids():
    """A class against the rest, of greys that are scaled in the network."""
    return [
        layers.Rescaling(2.0, offset=-1.0),
        layers.Conv2D(8, 5, strides=2, activation="swish"),
        layers.LayerNormalization(),
        layers.Flatten(),
        layers.Dense(10, "sigmoid"),
    ]


def separable():
    """Depthwise convolutions: of each channel alone, with one or more filters for each."""
    return [
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        layers.SeparableConv2D(24, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(6),
        layers.DepthwiseConv2D(5, padding="same", activation="relu"),
        layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu"),
        layers.SeparableConv2D(32, 3, strides=2, depth_multiplier=2, activation="swish"),
        layers.Flatten(),
        layers.Dense(10, "softmax"),
    ]


def residual(x):
    x = layers.Conv2D(12, 3, strides=2, padding="same", activation="relu")(x)
    y = layers.Conv2D(12, 3, padding="same")(x)
    y = layers.BatchNormalization()(y)
    x = layers.ReLU()(layers.Add()([x, y]))
    y = layers.Conv2D(8, 1, activation="selu")(x)
    x = layers.Concatenate()([x, y])
    s = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.Multiply()([x, layers.Dense(20, "hard_sigmoid")(s)])
    return layers.Dense(10)(layers.Flatten()(x))


NETWORKS = {
    f.__name__: f for f in (mlp, lenet, mnist_convnet, lstm, gru, sigmoids, separable, residual)
}


def make(name):
    keras.utils.set_random_seed(len(name))
    x = keras.Input((28, 28, 1), name="image")
    if name == "residual":
        model = keras.Model(x, residual(x))
    else:
        y = x
        for layer in NETWORKS[name]():
            y = layer(y)
        model = keras.Model(x, y)
    random = keras.random.SeedGenerator(1)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            shapes = [w.shape for w in layer.weights]
            layer.set_weights([keras.random.uniform(s, 0.5, 1.5, seed=random) for s in shapes])
        if isinstance(layer, (layers.DepthwiseConv2D, layers.SeparableConv2D)):
            layer.set_weights([w * 3 for w in layer.get_weights()])  # else little gets through
    model(keras.random.uniform((1, 28, 28, 1)))
    last = model.layers[-1]
    last.set_weights([last.weights[0] * 2, keras.random.normal((10,), 0, 0.1, seed=random)])
    return model


def main():
    folder = Path(sys.argv[1])
    for name in NETWORKS:
        model = make(name)
        path = folder / f"keras {keras.__version__} export,{name}.onnx"
        model.export(path, format="onnx", verbose=False)
        signature = [tf.TensorSpec((None, 28, 28, 1), tf.float32, name="image")]
        function = tf.function(lambda x, model=model: model(x, training=False), signature)
        for opset in (9, 15, 18):
            path = folder / f"tf2onnx {tf2onnx.__version__} opset {opset},{name}.onnx"
            tf2onnx.convert.from_function(function, signature, opset=opset, output_path=str(path))


main()
