"""Triton's two Python clients, behind one way to call them."""

import asyncio
import inspect

import pytest
import tritonclient.http as plain
import tritonclient.http.aio as aio
from tritonclient.utils import InferenceServerException


class Plain:
    """The client of gevent, by the names of the other one."""

    def __init__(self, url):
        self.client = plain.InferenceServerClient(url)

    def __call__(self, name, *arguments, **options):
        return getattr(self.client, name)(*arguments, **options)


class Asyncio:
    """The client of aiohttp. It asks for compressed answers of everything, and unpacks none but
    those of infer()."""

    def __init__(self, url):
        self.url = url

    def __call__(self, name, *arguments, **options):
        async def call():
            async with aio.InferenceServerClient(self.url) as client:
                result = getattr(client, name)(*arguments, **options)
                return await result if inspect.isawaitable(result) else result

        return asyncio.run(call())


def connect(kind, server, path=""):
    return kind(f"{server.host}:{server.port}{path}")


def tensor(images, binary, datatype="FP32"):
    one = plain.InferInput("input", list(images.shape), datatype)
    one.set_data_from_numpy(images, binary_data=binary)
    return one


def refusal(client, *arguments, **options):
    with pytest.raises(InferenceServerException) as caught:
        client(*arguments, **options)
    return caught.value
