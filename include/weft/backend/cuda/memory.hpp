#pragma once

#include "../device/memory.hpp"

namespace weft::cuda_backend {

template <class Space>
using device_memory = device::memory<Space>;
using device::twin_space;

}  // namespace weft::cuda_backend
