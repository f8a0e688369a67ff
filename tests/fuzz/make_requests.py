"""Writes the corpora of the doors that take more than JSON. python3 make_requests.py"""

import base64
import json
import struct
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
ROW = [7, 0.5] + [0] * 782
BITS = bytes(i % 3 == 0 for i in range(784))
PNG = (CORPUS / "png" / "grey1").read_bytes()
TEXT = base64.b64encode(PNG).decode()
BOUNDARY = "multipart/form-data; boundary=b"
PREDICT, INFER = "/v1/models/mnist:predict", "/v2/models/mnist/infer"
EVENT = {"specversion": "1.0", "id": "1", "source": "/a", "type": "t"}


def write(door, name, data):
    (CORPUS / door).mkdir(exist_ok=True)
    (CORPUS / door / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def packed(*elements):
    return b"".join(struct.pack("<I", len(e)) + e for e in elements)


def binary(datatype, shape, tail, **more):
    parameters = {"binary_data_size": len(tail)}
    tensor = {"name": "input", "shape": shape, "datatype": datatype, "parameters": parameters}
    text = compact({"inputs": [tensor], **more})
    return text, tail


def headed(text, tail):
    return b"%d\n" % len(text) + text + tail


def file_part(name, data, disposition='; filename="7.png"'):
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{disposition}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def form(*parts):
    return b"".join(parts) + b"--b--\r\n"


def v2_binary():
    one = {"name": "probabilities", "parameters": {"binary_data": True, "classification": 3}}
    half = struct.pack("<784e", *ROW)
    write("v2_binary", "bool", headed(*binary("BOOL", [784], BITS)))
    write("v2_binary", "half", headed(*binary("FP16", [28, 28], half, outputs=[one])))
    all_binary = {"parameters": {"binary_data_output": True, "timeout": 1000}, "id": "a"}
    write("v2_binary", "bytes", headed(*binary("BYTES", [2], packed(PNG, PNG), **all_binary)))
    write("v2_binary", "base64", headed(*binary("BYTES", [1, 1], packed(TEXT.encode()))))
    write("v2_binary", "raw", b"0\n" + struct.pack("<784f", *ROW))
    tensor = {"name": "input", "shape": [1], "datatype": "BYTES", "data": [TEXT]}
    asked = [{"name": n, "parameters": {"binary_data": n != "seen"}} for n in ("seen", "digit")]
    write("v2_binary", "json", headed(compact({"inputs": [tensor], "outputs": asked}), b""))


def forms():
    line = BOUNDARY.encode() + b"\n"
    write("form", "one", line + form(file_part("a", PNG)))
    write(
        "form",
        "two",
        line + form(file_part("a", PNG), file_part("x", b"me", ""), file_part("b", PNG)),
    )
    typed = b"--b\r\ncontent-disposition: form-data; name=a\r\nContent-Type: image/png\r\n\r\n"
    write("form", "typed", line + b"before\r\n" + typed + TEXT.encode() + b"\r\n--b--after")
    quoted = b'multipart/form-data; x="a;b"; Boundary="b c"\n'
    write("form", "quoted", quoted + form(file_part("a", PNG)).replace(b"--b", b"--b c"))
    write("form", "empty", line + b"--b--")


def examples():
    write("examples", "one", compact({"examples": [{"x": ROW, "w": [1, 2], "s": "a"}]}))
    picture = {"examples": [{"x": {"b64": TEXT}}, {}], "context": {"x": {"b64": TEXT}}}
    write("examples", "picture", compact(picture))
    write("examples", "context", compact({"context": {"x": ROW}, "examples": [{}, {"y": 1}]}))
    write("examples", "empty", compact({"examples": [], "signature_name": "serving_default"}))


def strokes():
    lines = [[[0, 0], [5, 9], [9, 0]], [[3, 4, 0.5]]]
    write("strokes", "lines", compact({"strokes": lines}))
    write("strokes", "dot", compact({"strokes": [[[1e6, -2.5e-3]]]}))
    write("strokes", "empty", compact({"strokes": [[]]}))
    write("strokes", "large", compact({"strokes": [[[i * 1.5, i % 40] for i in range(60)]]}))


def request(name, line, body, **headers):
    head = "".join(f"{k.replace('_', '-')}:{v}\n" for k, v in headers.items())
    body = body if isinstance(body, bytes) else compact(body)
    write("request", name, f"{line}\n{head}\n".encode() + body)


def requests():
    rows = {"instances": [ROW]}
    ce = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/a", "ce_type": "t"}
    request("event_binary", f"POST {PREDICT} application/json", rows, **ce)
    structured = f"POST {PREDICT} application/cloudevents+json"
    request("event", structured, {**EVENT, "data": rows})
    coded = base64.b64encode(PNG).decode()
    request(
        "event_png", structured, {**EVENT, "datacontenttype": "image/png", "data_base64": coded}
    )
    request("event_none", structured, {**EVENT, "id": ""})
    request("explain", "POST /v1/models/mnist:explain ", rows)
    request("b64", f"POST {PREDICT} ", {"inputs": [{"b64": TEXT}]})
    request("picture", f"POST {PREDICT} image/png", PNG)
    request("form", f"POST {INFER} {BOUNDARY}", form(file_part("a", PNG)))
    text, tail = binary("UINT8", [784], BITS, outputs=[{"name": "seen"}])
    request("binary", f"POST {INFER} ", text + tail, Inference_Header_Content_Length=len(text))
    request("logging", "POST /v2/logging ", {"log_info": False, "log_verbose_level": 0})
    request("trace", "POST /v2/trace/setting ", {"trace_level": ["TIMESTAMPS"], "trace_rate": "9"})
    request("index", "POST /v2/repository/index ", {"ready": True})
    request("stats", "GET /v2/models/stats ", b"")
    request("metadata", "GET /v1/models/mnist/versions/1/metadata ", b"")


def settings():
    write(
        "settings",
        "serve",
        "serve\n--port\n0\n--max-body=4k\n--read_timeout\n2.5s\n--pixels\nauto\n",
    )
    write("settings", "eval", "eval\n--images\na\n--min-accuracy\n0.5\n--cpu\ngeneric\n--json\n")
    write("settings", "words", "predict\n-\na.png\n--model=x\n--\n--y\n")
    write("settings", "wrong", "serve\n--port\n-1\n")


if __name__ == "__main__":
    for door in (v2_binary, forms, examples, strokes, requests, settings):
        door()
