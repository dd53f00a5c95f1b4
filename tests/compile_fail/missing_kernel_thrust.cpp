// title: A primitive without a kernel in the Thrust policy
// why: Each policy has a kernel for every primitive that is left in a program, and one without does not compile. (Batch norm becomes statistics and steps before a program runs, so there is none here.)
// header: thrust/for_each.h
// expect: the thrust policy lacks a kernel for this primitive
// expect: missing_kernel<.*cpp, .*batch_norm>
#include <weft/thrust.hpp>

using weft::graph::opcode;
using no_steps = weft::chain<weft::graph::function_list<>, weft::graph::operand_mode::same>;

int main() {
    const weft::graph::node record;
    const weft::arguments<float> memory;
#ifdef WEFT_OK
    weft::thrust_backend::run<weft::cpp, opcode::softmax, no_steps>(record, memory, static_cast<float*>(nullptr));
#else
    weft::thrust_backend::run<weft::cpp, opcode::batch_norm, no_steps>(record, memory, static_cast<float*>(nullptr));
#endif
}
