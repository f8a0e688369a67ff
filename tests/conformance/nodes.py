"""ONNX's own node tests, each made into a network from 784 numbers to 10.

A picture's first pixels are the test's inputs, which are cut out and given their shapes; what
does not fit into a picture is constant. The result is cut into tens, and the last pixels say
which of them comes out: all but one of them are 0.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PIXELS = 784
PICTURE = "digitd_x"
TEN = 10
SHOWN_MAX = 3000  # of a result

# Operators all of whose float inputs may depend on the picture; of others only the first may.
OF_VALUES = {"Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Pow", "PRelu", "MatMul", "Gemm"}
OF_VALUES |= {"Concat", "LayerNormalization"}
# Operators that keep the first dimension, pictures of a batch, apart.
OF_PICTURES = {"Conv", "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"}
OF_PICTURES |= {"BatchNormalization", "InstanceNormalization"}
# Operators that are tested with float64 alone, which is the same network with float32.
OF_DOUBLES = {"ReduceLogSumExp"}


BYTES = (np.uint8, np.int8)


@dataclass
class Case:
    name: str
    model: onnx.ModelProto
    inputs: list[np.ndarray]
    outputs: list[np.ndarray]

    @property
    def operators(self) -> set[str]:
        return {node.op_type for node in self.model.graph.node}


def read(folder: Path, kind: str, n: int) -> list[np.ndarray]:
    arrays = []
    for i in range(n):
        proto = TensorProto()
        proto.ParseFromString((folder / f"test_data_set_0/{kind}_{i}.pb").read_bytes())
        arrays.append(numpy_helper.to_array(proto))
    return arrays


def load(folder: Path) -> Case | None:
    """None where an input is no tensor, or there is no data."""
    model = onnx.load(folder / "model.onnx")
    ends = [*model.graph.input, *model.graph.output]
    if not all(end.type.HasField("tensor_type") for end in ends) or not model.graph.input:
        return None
    inputs = read(folder, "input", len(model.graph.input))
    outputs = read(folder, "output", len(model.graph.output))
    if OF_DOUBLES & {node.op_type for node in model.graph.node}:
        inputs, outputs = (
            [a.astype(np.float32) if a.dtype == np.float64 else a for a in arrays]
            for arrays in (inputs, outputs)
        )
    return Case(folder.name.removeprefix("test_"), model, inputs, outputs)


def depends(case: Case, i: int) -> bool:
    """Whether input `i` is to depend on the picture; else it becomes an initializer."""
    if case.inputs[i].dtype not in (np.float32, *BYTES) or case.inputs[i].size == 0:
        return False
    name = case.model.graph.input[i].name
    readers = [node for node in case.model.graph.node if name in node.input]
    return i == 0 or all(node.op_type in OF_VALUES for node in readers)


def initializer(name: str, values: np.ndarray) -> TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values), name)


class Wrapper:
    """Grows the network around the test."""

    def __init__(self, case: Case, output: int, sample: int | None) -> None:
        self.case, self.sample = case, sample
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[TensorProto] = []
        self.want = self.cut(case.outputs[output])
        self.name = case.model.graph.output[output].name
        self.shown = min(self.want.size, SHOWN_MAX)
        self.tens = -(-self.shown // TEN)
        self.pixels: list[float] = []

    def cut(self, array: np.ndarray) -> np.ndarray:
        return array if self.sample is None else array[self.sample : self.sample + 1]

    def constant(self, values: np.ndarray) -> str:
        name = f"digitd_c{len(self.initializers)}"
        self.initializers.append(initializer(name, np.asarray(values)))
        return name

    def add(self, op: str, *inputs: str, output: str | None = None, **attributes: object) -> str:
        output = output or f"digitd_v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def slice(self, name: str, start: int, end: int) -> str:
        return self.add("Slice", name, *(self.constant(np.int64([i])) for i in (start, end)))

    def feed(self, name: str, values: np.ndarray) -> None:
        if values.dtype in BYTES:
            self.feed(f"{name}_numbers", values.astype(np.float32))
            scale, zero = self.constant(np.float32(1)), self.constant(values.dtype.type(0))
            self.add("QuantizeLinear", f"{name}_numbers", scale, zero, output=name)
            return
        flat = values.ravel()
        room = PIXELS - self.tens - len(self.pixels)
        start = len(self.pixels)
        self.pixels += flat[:room].tolist()
        at = self.slice(PICTURE, start, len(self.pixels))
        if len(flat) > room:
            at = self.add("Concat", at, self.constant(flat[room:]), axis=0)
        self.add("Reshape", at, self.constant(np.int64(values.shape)), output=name)

    def answer(self) -> str:
        """The picked ten numbers."""
        at = self.name
        constant = not any(depends(self.case, i) for i in range(len(self.case.inputs)))
        if self.want.dtype != np.float32:
            at = self.add("Cast", at, to=TensorProto.FLOAT)
        at = self.add("Reshape", at, self.constant(np.int64([-1])))
        if constant or self.want.dtype != np.float32:  # but an answer must depend on the picture
            zero = self.add("Mul", self.slice(PICTURE, 0, 1), self.constant(np.float32([0])))
            at = self.add("Add", at, zero)
        at = self.slice(at, 0, self.shown)
        fill = np.zeros(self.tens * TEN - self.shown + TEN, np.float32)
        at = self.add("Concat", at, self.constant(fill), axis=0)
        at = self.add("Reshape", at, self.constant(np.int64([-1, TEN])))
        choice = self.slice(PICTURE, PIXELS - self.tens, PIXELS)
        choice = self.add("Concat", choice, self.constant(np.float32([0])), axis=0)
        return self.add("MatMul", choice, at)

    def model(self) -> onnx.ModelProto:
        case = self.case
        for i, (value, array) in enumerate(zip(case.model.graph.input, case.inputs, strict=True)):
            if depends(case, i):
                self.feed(value.name, self.cut(array) if i == 0 else array)
            else:
                self.initializers.append(initializer(value.name, array))
        self.nodes += case.model.graph.node
        self.initializers += case.model.graph.initializer
        answer = self.answer()
        graph = helper.make_graph(
            self.nodes,
            "g",
            [helper.make_tensor_value_info(PICTURE, TensorProto.FLOAT, [PIXELS])],
            [helper.make_tensor_value_info(answer, TensorProto.FLOAT, [TEN])],
            self.initializers,
        )
        model = helper.make_model(graph, opset_imports=case.model.opset_import)
        model.ir_version = min(model.ir_version, case.model.ir_version)
        return model

    def images(self) -> np.ndarray:
        """One picture for each ten numbers of the result."""
        images = np.zeros((self.tens, PIXELS), np.float32)
        images[:, : len(self.pixels)] = self.pixels
        images[np.arange(self.tens), PIXELS - self.tens + np.arange(self.tens)] = 1
        return images


def wrap(case: Case) -> list[Wrapper]:
    """The networks that show the first output, one for each picture of a batch."""
    node = case.model.graph.node[0]
    samples: list[int | None] = [None]
    if node.op_type in OF_PICTURES and case.inputs[0].ndim > 1 and len(case.inputs[0]) > 1:
        samples = list(range(len(case.inputs[0])))
    return [Wrapper(case, 0, sample) for sample in samples]
