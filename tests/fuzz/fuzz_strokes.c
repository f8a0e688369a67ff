#include "server/protocol.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/refused_or_answered.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    refused_or_answered(&protocol_v1, data, size);
    return 0;
}
