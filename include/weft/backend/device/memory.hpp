#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace weft::device {

/// The address of numbers in a device's memory. The host cannot read through it, and no address of the host's
/// turns into one by itself.
template <class T, class Space>
class pointer {
public:
    constexpr pointer() = default;
    constexpr explicit pointer(T* address) : address_(address) {}
    template <class U>
    requires(std::is_same_v<const U, T>) constexpr pointer(pointer<U, Space> other)
        : address_(other.address()) {}

    /// What kernels get.
    constexpr T* address() const { return address_; }
    friend constexpr T* address_of(pointer p) { return p.address_; }
    friend constexpr pointer operator+(pointer p, std::ptrdiff_t n) { return pointer(p.address_ + n); }

private:
    T* address_ = nullptr;
};

/// Numbers in a device's memory, zero at first. `Space` allocates, releases, copies and fills.
template <class T, class Space>
class buffer {
public:
    using value_type = T;

    buffer() = default;
    /// Error that says what `what` needs and what there is, where there is too little.
    explicit buffer(std::size_t size, const char* what = "a buffer") : size_(size) {
        if (size == 0) return;
        data_ = static_cast<T*>(Space::allocate(size * sizeof(T), what));
        Space::zero(data_, size * sizeof(T));
    }
    buffer(buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    buffer& operator=(buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~buffer() {
        if (data_ != nullptr) Space::release(data_);
    }

    pointer<T, Space> data() { return pointer<T, Space>(data_); }
    pointer<const T, Space> data() const { return pointer<const T, Space>(data_); }
    std::size_t size() const { return size_; }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Numbers on the host that a device reads by itself.
template <class T, class Space>
class staged {
public:
    staged() = default;
    explicit staged(std::size_t size)
        : data_(size > 0 ? static_cast<T*>(Space::allocate_staging(size * sizeof(T))) : nullptr) {
        if (size > 0) std::memset(static_cast<void*>(data_), 0, size * sizeof(T));
    }
    staged(staged&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
    staged& operator=(staged&& other) noexcept {
        std::swap(data_, other.data_);
        return *this;
    }
    ~staged() {
        if (data_ != nullptr) Space::release_staging(data_);
    }
    T* data() { return data_; }
    const T* data() const { return data_; }

private:
    T* data_ = nullptr;
};

/// A device's memory as policies name it; see host_memory.
template <class Space>
struct memory {
    static constexpr bool on_host = false;
    template <class T>
    using buffer = device::buffer<T, Space>;
    template <class T>
    using pointer = device::pointer<T, Space>;
    template <class T>
    using staging = staged<T, Space>;

    template <class T>
    static void write(std::span<const T> from, pointer<T> to) {
        if (!from.empty()) Space::copy_in(from.data(), to.address(), from.size_bytes());
    }
    /// Waits until everything before has run.
    template <class T>
    static void read(pointer<const T> from, std::span<T> to) {
        if (!to.empty()) Space::copy_out(from.address(), to.data(), to.size_bytes());
    }
    /// Copies on the device, after everything before and before everything that is started later.
    template <class T>
    static void copy(pointer<const T> from, pointer<T> to, std::size_t count) {
        if (count > 0) Space::copy_across(from.address(), to.address(), count * sizeof(T));
    }
};

/// The twin's memory is the host's, with the types of a device's.
struct twin_space {
    static void* allocate(std::size_t bytes, const char*) {
        return ::operator new (bytes, std::align_val_t{64});
    }
    static void release(void* at) { ::operator delete (at, std::align_val_t{64}); }
    static void* allocate_staging(std::size_t bytes) { return allocate(bytes, ""); }
    static void release_staging(void* at) { release(at); }
    static void zero(void* at, std::size_t bytes) { std::memset(at, 0, bytes); }
    static void copy_in(const void* from, void* to, std::size_t bytes) { std::memcpy(to, from, bytes); }
    static void copy_out(const void* from, void* to, std::size_t bytes) { std::memcpy(to, from, bytes); }
    static void copy_across(const void* from, void* to, std::size_t bytes) { std::memcpy(to, from, bytes); }
};

/// What a device does beside running kernels, done by the host at once.
struct twin {
    using memory = device::memory<twin_space>;

    void begin(const char*) const {}
    void upload(const void* from, void* to, std::size_t bytes) const { std::memcpy(to, from, bytes); }
    void download(const void* from, void* to, std::size_t bytes) const { std::memcpy(to, from, bytes); }
    void copy(const void* from, void* to, std::size_t bytes) const { std::memcpy(to, from, bytes); }
    void wait() const {}
    template <class Key, class Enqueue>
    void replay(const Key&, const Enqueue& enqueue) const {
        enqueue();
    }
};

}  // namespace weft::device
