#!/bin/sh
# Builds the kernels and their checks for aarch64, and runs them in an emulator. Skipped (77)
# where there is no cross compiler or no emulator.
#   neon.sh ROOT OUT
set -eu
root=$1
out=$2
cc=$(command -v aarch64-linux-gnu-gcc) || exit 77
qemu=$(command -v qemu-aarch64) || exit 77
[ -d /usr/aarch64-linux-gnu/include ] || exit 77

mkdir -p "$out"
cd "$root"
neon='-DKERNELS_LEVEL=neon -DKERNELS_CPU=CPU_NEON -DVECTOR_LANES=4 -DVECTOR_REGISTERS=32'

# OBJECT SOURCE FLAGS, one a line: as model/meson.build compiles them.
list() {
    for source in model/kernels/*.c; do
        name=$(basename "$source" .c)
        case $name in
        im2col | winograd_weights | int8_winograd_weights) echo "$name $source" ;;
        int8_reference) echo "$name $source -ffp-contract=off" ;;
        int8_table)
            echo "$name $source -ffp-contract=off"
            echo "neon_$name $source -ffp-contract=off -fwrapv $neon"
            ;;
        int8_*) echo "$name $source -ffp-contract=off -fwrapv $neon" ;;
        *_reference) echo "$name $source" ;;
        table)
            echo "$name $source"
            echo "neon_$name $source -ffp-contract=fast -fno-tree-ter $neon"
            ;;
        *) echo "$name $source -ffp-contract=fast -fno-tree-ter $neon" ;;
        esac
    done
    for source in model/kernels.c model/kernels_int8.c model/cpu.c model/error.c model/blas.c \
        model/peak.c tests/kernels/*.c; do
        echo "$(basename "$source" .c) $source"
    done
}

# shellcheck disable=SC2016 # the inner shell expands it
list | sort -u | xargs -P 2 -L 1 sh -c '
    out=$0 cc=$1 object=$2 source=$3
    shift 3
    exec "$cc" -std=c17 -D_GNU_SOURCE -O3 -fPIE -I. "$@" -c "$source" -o "$out/$object.o"
' "$out" "$cc"

checks=
checks_int8=
rm -f "$out/libkernels.a"
for object in "$out"/*.o; do
    case $object in
    */check_int8*.o | */bench_int8.o) checks_int8="$checks_int8 $object" ;;
    */check_*.o | */bench.o) checks="$checks $object" ;;
    *) aarch64-linux-gnu-ar rc "$out/libkernels.a" "$object" ;;
    esac
done
set -- "$out/libkernels.a" -lm -ldl -lpthread
# shellcheck disable=SC2086 # a list of words
"$cc" $checks "$@" -o "$out/check_kernels"
# shellcheck disable=SC2086
"$cc" $checks_int8 "$@" -o "$out/check_int8"
for program in check_kernels check_int8; do
    "$qemu" -L /usr/aarch64-linux-gnu "$out/$program"
done
