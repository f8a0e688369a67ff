"""Small ONNX networks around the operators under test."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

LATEST = 23  # the newest operator set that the pinned ONNX Runtime knows
IR = {9: 4, 11: 6, 12: 7, 13: 7}


def tensor(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.array(values, dtype, order="C"), name)


class Network:
    """Grows node by node; `at` is the last value, and pictures go in as `shape`."""

    def __init__(self, shape=("n", 1, 28, 28), opset=13, seed=5):
        self.shape, self.opset, self.at = shape, opset, "x"
        self.nodes, self.initializers = [], []
        self.random = np.random.default_rng(seed)

    def weights(self, *shape):
        """A new initializer, scaled so that activations keep their size."""
        fan_in = max(1, int(np.prod(shape[1:])))
        return self.constant(self.random.standard_normal(shape) / np.sqrt(fan_in))

    def constant(self, values, dtype=np.float32):
        name = f"w{len(self.initializers)}"
        self.initializers.append(tensor(name, values, dtype))
        return name

    def add(self, op, *inputs, outputs=1, **attributes):
        """`op` of the last value, or of the inputs given: names, or None for the last value."""
        inputs = [self.at if name is None else name for name in inputs or (None,)]
        made = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(
            helper.make_node(op, inputs, made, name=f"n{len(self.nodes)}", **attributes)
        )
        self.at = made[0]
        return self.at

    def conv(self, channels_in, channels_out, kernel, bias=True, **attributes):
        groups = attributes.get("group", 1)
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        names = [None, self.weights(channels_out, channels_in // groups, *kernel)]
        if bias:
            names.append(self.weights(channels_out))
        return self.add("Conv", *names, **attributes)

    def model(self, output_shape=("n", 10)):
        graph = helper.make_graph(
            self.nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(self.at, TensorProto.FLOAT, output_shape)],
            self.initializers,
        )
        return helper.make_model(
            graph,
            ir_version=IR.get(self.opset, 8 if self.opset < 19 else 10),
            opset_imports=[helper.make_opsetid("", self.opset)],
        )

    def size(self):
        """How many numbers the last value has for one picture."""
        n = 1 if self.shape[0] == "n" else self.shape[0]
        x = np.zeros((n, *self.shape[1:]), np.float32)
        return reference(self.model(None), x).size // n

    def classify(self, size=None, classes=10):
        """Ten numbers from whatever there is: every element has its own say in each."""
        size = size or self.size()
        self.add("Flatten")
        self.add("Gemm", None, self.weights(classes, size), self.weights(classes), transB=1)
        return self


def reference(model, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0]


def save(model, folder):
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path
