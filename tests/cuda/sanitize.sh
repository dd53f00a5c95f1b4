#!/bin/sh
# Runs the network and the conformance suite on the GPU under compute-sanitizer, which finds what a right result may
# hide: memcheck (addresses outside an array, or not aligned), racecheck (a missing sync) and synccheck (a sync that not
# all threads reach). Usage: sanitize.sh BUILD_DIR COMPUTE_SANITIZER [ARGUMENTS OF THE CONFORMANCE SUITE]...
# nvcc.sh builds the programs; `ctest -R cuda.sanitize` does both.
set -u
build=$1 sanitizer=${2-}
shift; [ $# -gt 0 ] && shift
for program in cuda_network cuda_conformance; do
    if [ ! -x "$build/$program" ]; then
        echo "SKIPPED: $build/$program is not built (tests/cuda/nvcc.sh)"
        exit 77
    fi
done
"$build/cuda_conformance" --list-tests >/dev/null
if [ $? -eq 77 ]; then echo "SKIPPED: there is no GPU, so compute-sanitizer has seen no kernel"; exit 77; fi
case $sanitizer in
''|*-NOTFOUND)
    echo "SKIPPED: no compute-sanitizer is found (CUDA's toolkit has it), so it has seen no kernel"
    exit 77 ;;
esac

failed=0
check() {  # TOOL PROGRAM [ARGUMENT]...
    tool=$1 program=$2
    shift 2
    # All kernels of weft's are instances of one; what a library's do among themselves is its own affair.
    case $tool in memcheck) only=--padding=256 ;; *) only=--kernel-name=kns=cuda_backend5enter ;; esac
    echo "== $tool, $program"
    "$sanitizer" --tool "$tool" --error-exitcode 1 --report-api-errors no --destroy-on-device-error kernel "$only" \
        "$build/$program" "$@" ||
        { failed=1; echo "FAILED: $tool, $program"; }
}
for tool in memcheck racecheck synccheck; do
    check $tool cuda_network
    check $tool cuda_conformance "$@"
done
exit $failed
