"""The image's files: what is needed, nothing else, and all of it in the SBOM."""

import gzip
import hashlib
import json
import re
import subprocess
import tarfile

from conftest import ROOT

SBOM = "usr/share/sbom/digitd.spdx.json"


def files(rootfs):
    return {str(p.relative_to(rootfs)) for p in rootfs.rglob("*") if p.is_file()}


def needed(path):
    text = subprocess.run(["readelf", "-d", path], capture_output=True, text=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", text))


def test_the_program_and_its_libraries_and_nothing_else(rootfs):
    found = files(rootfs)
    libraries = {path.split("/")[-1] for path in found if ".so" in path}
    wanted = set().union(*(needed(rootfs / path) for path in found if path != SBOM))
    assert wanted | {"libopenblas.so.0"} == libraries
    others = {path for path in found if ".so" not in path}
    assert others == {"usr/bin/digitd", SBOM}
    text = subprocess.run(["file", "-b", rootfs / "usr/bin/digitd"], capture_output=True, text=True)
    assert "not stripped" not in text.stdout


def test_compressed_size(rootfs, tmp_path):
    path = tmp_path / "layer.tar.gz"
    with gzip.open(path, "wb", 6) as z, tarfile.open(fileobj=z, mode="w") as tar:
        tar.add(rootfs, ".")
    print(f"{path.stat().st_size / 1e6:.1f} MB compressed")
    assert path.stat().st_size <= 20e6


def test_sbom(rootfs):
    document = json.loads((rootfs / SBOM).read_text())
    assert document["spdxVersion"] == "SPDX-2.3"
    assert document["dataLicense"] == "CC0-1.0"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["creationInfo"]["created"])
    told = {one["fileName"][2:]: one for one in document["files"]}
    assert set(told) == files(rootfs) - {SBOM}
    for name, one in told.items():
        digest = hashlib.sha256((rootfs / name).read_bytes()).hexdigest()
        # Ours is stripped before, and Debian's are as they came.
        assert one["checksums"] == [{"algorithm": "SHA256", "checksumValue": digest}]
    packages = {one["name"]: one for one in document["packages"]}
    assert {"digitd", "libc6", "libmicrohttpd12", "libpng16-16"} <= set(packages)
    for one in packages.values():
        assert one["versionInfo"]
        assert one["externalRefs"][0]["referenceLocator"].startswith("pkg:")
    ids = ["SPDXRef-DOCUMENT"]
    ids += [one["SPDXID"] for one in document["packages"] + document["files"]]
    assert len(ids) == len(set(ids))
    for one in document["relationships"]:
        assert {one["spdxElementId"], one["relatedSpdxElement"]} <= set(ids)
    contained = [r for r in document["relationships"] if r["relationshipType"] == "CONTAINS"]
    assert len(contained) == len(told)


def test_containerfile_says_the_same_as_the_rest():
    text = (ROOT / "server" / "Containerfile").read_text()
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]
    assert set(re.findall(r'image\.version="(.+)"', text)) == {version}
    final = text[text.index("FROM scratch") :]
    assert "RUN" not in final
    assert re.search(r"^USER (\d+):\1$", final, re.M)
    for variable in re.findall(r"\b(DIGITD_\w+)=", final):
        flag = variable.removeprefix("DIGITD_").lower().replace("_", "-")
        assert f'{{"{flag}",' in (ROOT / "server" / "settings_table.c").read_text()
