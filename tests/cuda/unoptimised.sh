# shellcheck shell=sh
# Sourced by the tests that nvcc compiles: $optimise, the flags of programs that run where there is a GPU. Where there
# is none they are only compiled and linked, which optimising does not need and takes three times as long. (The kernels
# that are for compiling alone are optimised everywhere, and for two generations.) $nvcc is the compiler.
optimise=-O1
if ! nvidia-smi -L >/dev/null 2>&1 && ! [ -e /dev/nvidiactl ] && "$nvcc" --help | grep -q -e --Ofast-compile; then
    # Calls that are not inlined leave ptxas without a size for the stack.
    optimise="-O0 -Ofc max -Xptxas -suppress-stack-size-warning"
fi
