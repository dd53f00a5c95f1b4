// title: The host's memory handed to a device
// why: What a device's kernels read has an address of a type of its own, which no address on the host turns into.
// expect: pointer<const float, (weft::device::)?twin_space>
// expect: float ?\*
#include <vector>

#include <weft/cuda.hpp>

using memory = weft::cuda_twin::memory;

int main() {
    std::vector<float> inputs(6);
#ifdef WEFT_OK
    memory::buffer<float> there(inputs.size());
    memory::write<float>(inputs, there.data());
    const weft::bindings<float, memory> bound{.input = there.data()};
#else
    const weft::bindings<float, memory> bound{.input = inputs.data()};
#endif
    return bound.input.address() == nullptr;
}
