// title: A primitive without a kernel in the CUDA policy
// why: Each policy has a kernel for every primitive that is left in a program, and one without does not compile. (Batch norm becomes statistics and steps before a program runs, so there is none here.)
// expect: the cuda policy lacks a kernel for this primitive
// expect: missing_kernel<.*host_twin, .*batch_norm>
#include <weft/cuda.hpp>

namespace graph = weft::graph;
using no_steps = weft::chain<weft::graph::function_list<>, weft::graph::operand_mode::same>;

int main() {
    const weft::graph::node record;
    const weft::arguments<float> memory;
#ifdef WEFT_OK
    weft::cuda_backend::kernel<graph::softmax>::run<no_steps>(weft::cuda_backend::host_twin(), record, memory, static_cast<float*>(nullptr));
#else
    weft::cuda_backend::kernel<graph::batch_norm>::run<no_steps>(weft::cuda_backend::host_twin(), record, memory, static_cast<float*>(nullptr));
#endif
}
