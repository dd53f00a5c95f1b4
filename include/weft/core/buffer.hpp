#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace weft {

/// A fixed number of zero-initialised numbers, aligned to 64 bytes (a cache line, and the widest packet).
template <class T>
class buffer {
public:
    buffer() = default;
    explicit buffer(std::size_t size)
        : data_(static_cast<T*>(
              ::operator new (std::max<std::size_t>(size, 1) * sizeof(T), std::align_val_t{64}))),
          size_(size) {
        std::uninitialized_fill_n(data_.get(), size, T(0));
    }
    buffer(buffer&& other) noexcept : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
    buffer& operator=(buffer&& other) noexcept {
        data_ = std::move(other.data_);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }
    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    std::size_t size() const { return size_; }
    std::span<T> span() { return {data(), size_}; }
    std::span<const T> span() const { return {data(), size_}; }
    T& operator[](std::size_t i) { return data_.get()[i]; }
    const T& operator[](std::size_t i) const { return data_.get()[i]; }

private:
    struct release {
        void operator()(T* p) const { ::operator delete (p, std::align_val_t{64}); }
    };
    std::unique_ptr<T, release> data_;
    std::size_t size_ = 0;
};

}  // namespace weft
