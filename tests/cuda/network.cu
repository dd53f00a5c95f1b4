// Networks on the GPU, in float and in mixed precision. Compiled and linked wherever there is nvcc; where
// there is no GPU it says so and is skipped.
#include "../gpu.hpp"
#include "weft/cuda.hpp"

using namespace weft;

int main() {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::puts(
            "SKIPPED: there is no GPU; networks on weft::cuda were compiled and linked, and nothing has run");
        return 77;
    }
    gpu::check_network<networks::everything, cuda>("a network of everything");
    gpu::check_network<networks::small_mlp, cuda>("a fused mlp");
    gpu::check_network<networks::wide_relu_mlp, cuda>("a wide mlp of relu");
    gpu::check_slope_of_zero<networks::wide_relu_mlp, cuda>(1e-6);
    gpu::check_slope_of_zero<networks::wide_relu_mlp, cuda_with<float16>>(1e-3);
    gpu::check_mixed<networks::smooth_image, cuda_with<float16>>("an image network");
    gpu::check_mixed<networks::smooth_image, cuda_with<bfloat16>>("an image network");
    gpu::check_mixed<networks::smooth_mlp, cuda_with<float16>>("a fused mlp");
    gpu::check_mixed<networks::smooth_mlp, cuda_with<bfloat16>>("a fused mlp");
    gpu::check_mixed<networks::wide_mlp, cuda_with<bfloat16, tf32, autotune>>("a wide mlp");
    gpu::check_guard<networks::small_mlp, cuda>();
    gpu::check_files<networks::wide_mlp, cuda_with<float16>>("cuda_network.safetensors");
    return gpu::failures ? 1 : 0;
}
