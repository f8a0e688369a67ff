#!/usr/bin/env python3
"""Writes the assembler source of model_builtin (model/model.h) from an ONNX file.

usage: embed.py MODEL.onnx OUT.S
"""

import pathlib
import sys

SOURCE = """\
    .section .rodata
    .balign 64
    .global model_builtin
    .type model_builtin, %object
model_builtin:
    .incbin "{path}"
    .size model_builtin, . - model_builtin

    .balign 8
    .global model_builtin_len
    .type model_builtin_len, %object
model_builtin_len:
    .quad {size}
    .size model_builtin_len, 8

    .section .note.GNU-stack, "", %progbits
"""


def main():
    model, out = map(pathlib.Path, sys.argv[1:])
    path = str(model.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    out.write_text(SOURCE.format(path=path, size=model.stat().st_size))


main()
