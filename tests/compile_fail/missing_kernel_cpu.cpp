// title: A primitive without a kernel in the CPU policy
// why: Each policy has a kernel for every primitive that is left in a program, and one without does not compile. (Batch norm becomes statistics and steps before a program runs, so there is none here.)
// expect: the cpu policy lacks a kernel for this primitive
// expect: cpu_backend::run_samples.*batch_norm
#include <weft/weft.hpp>

using weft::graph::opcode;
using no_steps = weft::chain<weft::graph::function_list<>, weft::graph::operand_mode::same>;

int main() {
    const weft::graph::node record;
    const weft::arguments<float> memory;
#ifdef WEFT_OK
    weft::cpu_backend::run<opcode::softmax, no_steps>(record, memory, weft::cpu_backend::context<float>());
#else
    weft::cpu_backend::run<opcode::batch_norm, no_steps>(record, memory, weft::cpu_backend::context<float>());
#endif
}
