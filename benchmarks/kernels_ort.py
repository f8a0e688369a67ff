"""ONNX Runtime's C API through ctypes: one session, one input, one output, nothing copied."""

import ctypes
from pathlib import Path

import onnxruntime

# Places in the table that OrtGetApiBase()->GetApi() returns. The table only ever grows.
ERROR_MESSAGE, CREATE_ENV, CREATE_SESSION, RUN, CREATE_OPTIONS = 2, 3, 7, 9, 10
INTRA_THREADS, CREATE_TENSOR, CREATE_MEMORY_INFO = 24, 49, 69
API_VERSION, LOG_ERROR, FLOAT, ARENA, DEFAULT_MEMORY = 17, 3, 1, 1, 0


class Call(ctypes.Structure):
    """struct ort_call of kernels.c"""

    _fields_ = [
        ("run", ctypes.c_void_p),
        ("session", ctypes.c_void_p),
        ("input_name", ctypes.c_char_p),
        ("output_name", ctypes.c_char_p),
        ("input", ctypes.c_void_p),
        ("output", ctypes.c_void_p),
    ]


class Base(ctypes.Structure):
    _fields_ = [
        ("get_api", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)),
        ("version", ctypes.CFUNCTYPE(ctypes.c_char_p)),
    ]


class Ort:
    def __init__(self):
        capi = Path(onnxruntime.__file__).parent / "capi"
        library = ctypes.CDLL(str(next(capi.glob("libonnxruntime.so.*"))))
        library.OrtGetApiBase.restype = ctypes.POINTER(Base)
        base = library.OrtGetApiBase().contents
        self.version = base.version().decode()
        self.table = ctypes.cast(base.get_api(API_VERSION), ctypes.POINTER(ctypes.c_void_p))
        self.env = self.make(CREATE_ENV, LOG_ERROR, b"benchmark")
        self.memory = self.make(CREATE_MEMORY_INFO, ARENA, DEFAULT_MEMORY)

    def call(self, at, *arguments):
        """A function that returns a status: NULL is success."""
        status = ctypes.CFUNCTYPE(ctypes.c_void_p)(self.table[at])
        status.argtypes = None
        problem = status(*arguments)
        if problem:
            message = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)(self.table[ERROR_MESSAGE])
            raise RuntimeError(message(problem).decode())

    def make(self, at, *arguments):
        """What the function returns through its last argument."""
        made = ctypes.c_void_p()
        self.call(at, *arguments, ctypes.byref(made))
        return made

    def tensor(self, array):
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        return self.make(
            CREATE_TENSOR,
            self.memory,
            array.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(array.nbytes),
            shape,
            ctypes.c_size_t(array.ndim),
            FLOAT,
        )

    def session(self, path):
        """With one thread; its input and output names are asked for through Python."""
        options = self.make(CREATE_OPTIONS)
        self.call(INTRA_THREADS, options, 1)
        return self.make(CREATE_SESSION, self.env, str(path).encode(), options)

    def prepare(self, session, names, images, output):
        return Call(
            self.table[RUN],
            session,
            names[0].encode(),
            names[1].encode(),
            self.tensor(images),
            self.tensor(output),
        )
