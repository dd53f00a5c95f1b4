// title: A primitive without a kernel in the CPU policy
// why: Each policy has a kernel for every primitive that is left in a program, and one without does not compile. (Batch norm becomes statistics and steps before a program runs, so there is none here.)
// expect: the cpu policy lacks a kernel for this primitive
// expect: missing_kernel<.*batch_norm>
#include <weft/weft.hpp>

namespace graph = weft::graph;
using no_steps = weft::chain<weft::graph::function_list<>, weft::graph::operand_mode::same>;

int main() {
    const weft::graph::node record;
    const weft::arguments<float> memory;
#ifdef WEFT_OK
    weft::cpu_backend::kernel<graph::softmax>::run<no_steps>(record, memory, weft::cpu_backend::context<float>());
#else
    weft::cpu_backend::kernel<graph::batch_norm>::run<no_steps>(record, memory, weft::cpu_backend::context<float>());
#endif
}
