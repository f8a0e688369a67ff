"""digitd bench."""

import json
import struct

from commands import BAD_DATA, MODEL, WRONG_USAGE, digitd

QUICK = ("bench", "--seconds", "0")


def test_json():
    out, err = digitd(*QUICK, "--json", "--batch", "1,3")
    result = json.loads(out)
    model = json.loads(digitd("inspect", "--json")[0])
    assert err == ""
    assert result["sha256"] == model["sha256"] and result["macs"] == model["macs"]
    assert [b["pictures"] for b in result["batches"]] == [1, 3]
    for batch in result["batches"]:
        assert batch["calls"] >= 20
        assert 0 < batch["median_us"] <= batch["p99_us"]
        assert abs(batch["gflops"] * batch["median_us"] / (2e-3 * model["macs"]) - 1) < 0.02
        if "peak_gflops" in result:
            share = batch["gflops"] / result["peak_gflops"]
            assert abs(batch["share_of_peak"] / share - 1) < 0.02
    names = [(s["name"], s["kernel"], s["macs"]) for s in model["steps"]]
    assert names == [(s["name"], s["kernel"], s["macs"]) for s in result["steps"]]
    for i, batch in enumerate(result["batches"]):
        parts = [s["us"][i] for s in result["steps"]]
        assert all(us >= 0 for us in parts)
        assert 0.2 < sum(parts) / batch["median_us"] < 5


def test_text():
    out, err = digitd(*QUICK, "--batch", "2", "--cpu", "generic", "--model", MODEL)
    assert err == "" and "\033" not in out
    assert str(MODEL) in out and "generic" in out
    for step in json.loads(digitd("inspect", "--json", "--cpu", "generic")[0])["steps"]:
        assert step["name"] in out and step["kernel"] in out


def test_plot(tmp_path):
    path = tmp_path / "bench.png"
    digitd(*QUICK, "--batch", "1", "--plot", path, MODEL)
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width == 1200 and height > 300


def test_what_it_refuses(tmp_path):
    for batch in ("", "0", "1,,2", "1,x", "1,5000", "1 2", ",".join("1" * 17), "1,"):
        _, err = digitd(*QUICK, "--batch", batch, code=WRONG_USAGE)
        assert "--batch" in err and "1 to 4096" in err
    digitd("bench", "--seconds", "-1", code=WRONG_USAGE)
    digitd(*QUICK, MODEL, MODEL, code=WRONG_USAGE)
    (tmp_path / "text.onnx").write_text("hello")
    _, err = digitd(*QUICK, tmp_path / "text.onnx", code=BAD_DATA)
    assert "text.onnx" in err
