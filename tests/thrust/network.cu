// Networks on Thrust's CUDA system. Compiled and linked wherever there is nvcc; where there is no GPU it says
// so and is skipped.
#include "../gpu.hpp"
#include "weft/thrust.hpp"

using namespace weft;
using gpu_policy = weft::thrust<cuda_system>;

int main() {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::puts(
            "SKIPPED: there is no GPU; Thrust's kernels on CUDA and networks on them were compiled and "
            "linked, and nothing has run");
        return 77;
    }
    gpu::check_network<networks::everything, gpu_policy>("a network of everything");
    gpu::check_network<networks::small_mlp, gpu_policy>("dense layers");
    gpu::check_guard<networks::small_mlp, gpu_policy>();
    gpu::check_files<networks::small_mlp, gpu_policy>("thrust_network.safetensors");
    return gpu::failures ? 1 : 0;
}
