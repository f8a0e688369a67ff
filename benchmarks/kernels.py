#!/usr/bin/env python3
"""digitd's engine beside ONNX Runtime's C API, one thread each, on the same networks and pictures.

Both take turns, round after round, in one process: a shared machine is noisy, but hits both alike.
Prints microseconds of CPU time per picture (median, and lower quartile in brackets), the ratio of
the medians and of the quartiles, and the largest difference of a probability. Pictures are MNIST's
where $DIGITD_MNIST_DIR is, else golden ones of the network that ships; weights are random, seeded.

    build/venv/bin/python benchmarks/kernels.py --batch 1,8,32,128
"""

import argparse
import base64
import ctypes
import gzip
import hashlib
import os
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
SHIPPED = ROOT / "model/zoo/mnist/1/model.onnx"
sys.path.insert(0, str(ROOT / "tests/engine"))

from kernels_ort import Ort  # noqa: E402
from networks import Network  # noqa: E402

LEVELS = ["generic", "x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4-vnni", "neon"]
INT8 = "-int8"  # of a network that "digitd quantize" made, beside its original
IDX_HEADER = 16


def dense(network, channels_in, channels_out, relu=True):
    names = [None, network.weights(channels_out, channels_in), network.weights(channels_out)]
    network.add("Gemm", *names, transB=1)
    if relu:
        network.add("Relu")


def conv(network, channels_in, channels_out, kernel, pad, pool=False):
    network.conv(channels_in, channels_out, kernel, pads=[pad] * 4)
    network.add("Relu")
    if pool:
        network.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])


def mlp():
    network = Network()
    network.add("Flatten")
    dense(network, 784, 128)
    dense(network, 128, 10, relu=False)
    return network


def lenet():
    network = Network()
    conv(network, 1, 6, 5, 2, pool=True)
    conv(network, 6, 16, 5, 0, pool=True)
    network.add("Flatten")
    dense(network, 400, 120)
    dense(network, 120, 84)
    dense(network, 84, 10, relu=False)
    return network


def cnn():
    network = Network()
    conv(network, 1, 32, 3, 1)
    conv(network, 32, 32, 3, 1, pool=True)
    conv(network, 32, 64, 3, 1)
    conv(network, 64, 64, 3, 1, pool=True)
    network.add("Flatten")
    dense(network, 3136, 128)
    dense(network, 128, 10, relu=False)
    return network


def big():
    network = Network()
    conv(network, 1, 32, 5, 2, pool=True)
    conv(network, 32, 64, 5, 2, pool=True)
    network.add("Flatten")
    dense(network, 3136, 1024)
    dense(network, 1024, 10, relu=False)
    return network


NETWORKS = {"mlp": mlp, "lenet": lenet, "cnn": cnn, "big": big, "shipped": None}


def quantise(name, folder):
    """The network in bytes, calibrated with some of the pictures that it is measured with."""
    path, idx = folder / f"{name}.onnx", folder / "pictures.idx"
    images = np.rint(pictures(200)[0] * 255).astype(np.uint8)
    idx.write_bytes(struct.pack(">IIII", 0x803, len(images), 28, 28) + images.tobytes())
    source = write(name.removesuffix(INT8), folder)
    command = [BUILD / "server/digitd", "quantize", source, "--calibrate", idx, "--out", path]
    subprocess.run(command, check=True, stdout=-3)
    return path


def write(name, folder):
    """The network's ONNX file."""
    if name.endswith(INT8):
        return quantise(name, folder)
    if name == "shipped":
        return SHIPPED
    network = NETWORKS[name]()
    network.add("Softmax", axis=1)
    path = folder / f"{name}.onnx"
    path.write_bytes(network.model().SerializeToString())
    return path


def pictures(n):
    """n pictures as the caller's float32, and where they come from."""
    file = Path(os.environ.get("DIGITD_MNIST_DIR", "")) / "t10k-images-idx3-ubyte.gz"
    if file.is_file():
        pixels = np.frombuffer(gzip.decompress(file.read_bytes())[IDX_HEADER:], np.uint8)
        source = "MNIST's test set"
    else:
        properties = {p.key: p.value for p in onnx.load(SHIPPED).metadata_props}
        pixels = np.frombuffer(base64.b64decode(properties["digitd.golden_inputs"]), np.uint8)
        source = "golden pictures of the network that ships"
    images = pixels.reshape(-1, 1, 28, 28).astype(np.float32) / 255
    return np.ascontiguousarray(np.resize(images, (n, 1, 28, 28))), source


class ModelCall(ctypes.Structure):
    """struct model_call of kernels.c"""

    _fields_ = [
        ("model", ctypes.c_void_p),
        ("images", ctypes.c_void_p),
        ("n", ctypes.c_size_t),
        ("scratch", ctypes.c_void_p),
        ("logits", ctypes.c_void_p),
        ("probabilities", ctypes.c_void_p),
    ]


def aligned(count):
    """float32[count] at a multiple of 64 bytes."""
    raw = np.zeros(count + 16, np.float32)
    skip = -raw.ctypes.data % 64 // 4
    return raw[skip : skip + count]


class Model:
    """digitd's engine on one file."""

    def __init__(self, library, path, cpu):
        self.library, self.handle = library, ctypes.c_void_p()
        error = ctypes.create_string_buffer(1024)
        library.model_scratch.restype = ctypes.c_size_t
        arguments = (str(path).encode(), None, cpu, ctypes.byref(self.handle), error)
        if library.model_load_file(*arguments) < 0:
            raise SystemExit(f"{path}: not loaded; digitd inspect says why")
        self.scratch = aligned(library.model_scratch(self.handle) // 4)

    def prepare(self, images, probabilities):
        self.logits = np.zeros_like(probabilities)
        return ModelCall(
            self.handle,
            images.ctypes.data,
            len(images),
            self.scratch.ctypes.data,
            self.logits.ctypes.data,
            probabilities.ctypes.data,
        )


def calls_for(timed, call, seconds):
    """How many calls take about so long."""
    calls = 1
    while timed(ctypes.byref(call), calls) < seconds / 4:
        calls *= 2
    return calls


def measure(runs, rounds, seconds):
    """Seconds of a call: one list for each (timed, call)."""
    counts = [calls_for(timed, call, seconds) for timed, call in runs]
    times = [[] for _ in runs]
    for _ in range(rounds):
        for i, (timed, call) in enumerate(runs):
            spent = timed(ctypes.byref(call), counts[i])
            if spent < 0:
                raise SystemExit("ONNX Runtime failed")
            times[i].append(spent / counts[i])
    return times


def figures(times, n):
    """Median and lower quartile, in microseconds per picture."""
    quartiles = statistics.quantiles(times, n=4)
    return quartiles[1] * 1e6 / n, quartiles[0] * 1e6 / n


def probabilities(name, values):
    """ONNX Runtime's output; the network that ships ends in logits."""
    if not name.startswith("shipped"):
        return values
    e = np.exp(values.astype(np.float64) - values.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def compare(name, path, options, library, ort):
    peer = write(name.removesuffix(INT8), path.parent) if name.endswith(INT8) else path
    names = [v[0].name for v in (onnx.load(peer).graph.input, onnx.load(peer).graph.output)]
    session = ort.session(peer)
    cpu = library.cpu_detect() if options.cpu == "auto" else LEVELS.index(options.cpu)
    model = Model(library, path, cpu)
    for n in options.batch:
        images, _ = pictures(n)
        ours, theirs = np.zeros((n, 10), np.float32), np.zeros((n, 10), np.float32)
        runs = [
            (library.kernels_time_model, model.prepare(images, ours)),
            (library.kernels_time_ort, ort.prepare(session, names, images, theirs)),
        ]
        times = measure(runs, options.rounds, options.seconds)
        (median, quartile), (median_ort, quartile_ort) = (figures(t, n) for t in times)
        shipped = name.startswith("shipped")
        expected = theirs if not shipped else probabilities(name, theirs)
        got = ours if not shipped else probabilities(name, model.logits)
        print(
            f"{name:12} {n:4} {median:8.2f} ({quartile:7.2f})"
            f" {median_ort:8.2f} ({quartile_ort:7.2f})"
            f" {median_ort / median:5.2f}x {quartile_ort / quartile:5.2f}x"
            f"  {np.abs(got - expected).max():.1e}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--batch", default="1,8", help="pictures at a time, with commas")
    every = ",".join([*NETWORKS, "cnn" + INT8, "shipped" + INT8])
    parser.add_argument("--networks", default=every, help=f"with commas; NAME{INT8} is in bytes")
    parser.add_argument("--rounds", type=int, default=51)
    parser.add_argument("--seconds", type=float, default=0.005, help="of one round")
    parser.add_argument("--cpu", default="auto", choices=["auto", *LEVELS])
    options = parser.parse_args()
    options.batch = [int(n) for n in options.batch.split(",")]
    subprocess.run(["ninja", "-C", BUILD, "benchmarks/bench_kernels.so"], check=True, stdout=-3)
    library = ctypes.CDLL(str(BUILD / "benchmarks/bench_kernels.so"))
    library.kernels_time_model.restype = library.kernels_time_ort.restype = ctypes.c_double
    ort = Ort()
    print(f"# ONNX Runtime {ort.version}; {pictures(1)[1]}; {options.rounds} rounds")
    print("network      batch  digitd, us         ONNX Runtime, us    ratios       max |dp|")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks.split(","):
            path = write(name, Path(folder))
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            print(f"# {name}: sha256 {digest[:12]}")
            compare(name, path, options, library, ort)


if __name__ == "__main__":
    main()
