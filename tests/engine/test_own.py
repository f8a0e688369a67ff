"""Operators of ONNX Runtime's own."""

import numpy as np
import pytest
from check import check
from conftest import Refused, predict
from networks import Network, helper, reference, save

DOMAIN = "com.microsoft"
FUNCTIONS = {
    "Relu": [],
    "Tanh": [],
    "Sigmoid": [],
    "LeakyRelu": [0.2],
    "Clip": [-0.3, 0.4],
    "HardSigmoid": [0.3, 0.4],
}


class Own(Network):
    def model(self, output_shape=("n", 10)):
        model = super().model(output_shape)
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
        return model


def conv(activation, figures, more=False):
    net = Own()
    other = net.conv(1, 16, 5)
    net.at = "x"
    net.conv(1, 16, 5)
    inputs = [net.weights(16, 16, 3, 3), net.weights(16), *([other] if more else [])]
    how = {"activation_params": figures} if figures else {}
    net.add(
        *("FusedConv", None, *inputs),
        activation=activation,
        pads=[1, 1, 1, 1],
        domain=DOMAIN,
        **how,
    )
    return net.classify(16 * 576)


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_conv(activation, images, tmp_path):
    check(conv(activation, FUNCTIONS[activation]), images, tmp_path)


def test_conv_and_sum(images, tmp_path):
    """Beside the same in three nodes: ONNX Runtime writes over a sum that others read too."""
    plain = conv("", [], more=True)
    node = plain.nodes[2]
    node.op_type, node.domain = "Conv", ""
    sum_of, result = node.input[3], node.output[0]
    del node.input[3:], node.attribute[:1]
    node.output[0] = "inner"
    plain.nodes[3:3] = [
        helper.make_node("Add", ["inner", sum_of], ["sum"]),
        helper.make_node("Relu", ["sum"], [result]),
    ]
    want = reference(plain.model(), images.reshape(-1, 1, 28, 28))
    check(conv("Relu", [], more=True), images, tmp_path, want=want)


@pytest.mark.parametrize("activation", ["Relu", "Tanh", "LeakyRelu"])
def test_gemm(activation, images, tmp_path):
    net = Own(("n", 784))
    alpha = {"activation_alpha": 0.1} if activation == "LeakyRelu" else {}
    net.add(
        *("FusedGemm", None, net.weights(30, 784), net.weights(30)),
        transB=1,
        activation=activation,
        domain=DOMAIN,
        **alpha,
    )
    check(net.classify(30), images, tmp_path)


@pytest.mark.parametrize(("op", "bias"), [("BiasGelu", True), ("FastGelu", True), ("Gelu", False)])
def test_gelu(op, bias, images, tmp_path):
    net = Own(("n", 784))
    net.add(op, None, *([net.weights(784)] if bias else []), domain=DOMAIN)
    check(net.classify(784), images, tmp_path)


@pytest.mark.parametrize("op", ["QLinearSigmoid", "QLinearMul"])
def test_bytes(op, images, tmp_path):
    """As its quantiser writes them in the middle of a network."""
    net = Own(("n", 784))
    grey = net.constant(1 / 255), net.constant(0, np.uint8)
    share = net.constant(1 / 256), net.constant(0, np.uint8)
    factor = net.constant(np.arange(784) % 256, np.uint8)
    net.add("QuantizeLinear", None, *grey)
    net.add(op, None, *grey, *([factor, *share] if "Mul" in op else []), *share, domain=DOMAIN)
    net.add("DequantizeLinear", None, *share)
    net.classify(784)
    logits, _ = predict(save(net.model(), tmp_path), images)
    # Half a step of a byte may be a step, in as many as there are.
    assert np.abs(logits - reference(net.model(), images)).max() < 0.02


REFUSED = [
    (conv("Softplus", []), "'activation' is 'Softplus'"),
    (conv("Relu", []), "of domain com.microsoft.nchwc"),
]
REFUSED[1][0].nodes[1].op_type = "Conv"
REFUSED[1][0].nodes[1].domain = "com.microsoft.nchwc"


@pytest.mark.parametrize(("net", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_refused(net, why, images, tmp_path):
    with pytest.raises(Refused) as refusal:
        predict(save(net.model(), tmp_path), images)
    assert why in str(refusal.value)
