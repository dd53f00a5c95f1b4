#pragma once

#include <algorithm>
#include <cstddef>

#include "eigen.hpp"

namespace weft::cpu_backend {

/// A packet that an optimiser's rule can calculate with as if it were a number.
template <class T>
struct pack {
    using packet_type = typename Eigen::internal::packet_traits<T>::type;
    static constexpr std::size_t count = Eigen::internal::packet_traits<T>::size;
    packet_type value;

    pack() = default;
    pack(T x) : value(Eigen::internal::pset1<packet_type>(x)) {}
    static pack of(const packet_type& p) {
        pack result;
        result.value = p;
        return result;
    }
    static pack load(const T* from) { return of(Eigen::internal::ploadu<packet_type>(from)); }
    void store(T* to) const { Eigen::internal::pstoreu(to, value); }

    friend pack operator+(const pack& a, const pack& b) {
        return of(Eigen::internal::padd(a.value, b.value));
    }
    friend pack operator-(const pack& a, const pack& b) {
        return of(Eigen::internal::psub(a.value, b.value));
    }
    friend pack operator*(const pack& a, const pack& b) {
        return of(Eigen::internal::pmul(a.value, b.value));
    }
    friend pack operator/(const pack& a, const pack& b) {
        return of(Eigen::internal::pdiv(a.value, b.value));
    }
    friend pack sqrt(const pack& a) { return of(Eigen::internal::psqrt(a.value)); }
    friend pack abs(const pack& a) { return of(Eigen::internal::pabs(a.value)); }
    friend pack max(const pack& a, const pack& b) { return of(Eigen::internal::pmax(a.value, b.value)); }
};

/// An optimiser's rule over n parameters, packet by packet; slot k of parameter i is state[k * stride + i].
template <int Slots, class Rule, class T>
struct sweep {
    const Rule& rule;
    std::size_t n, stride;
    T* parameters;
    const T* gradients;
    T* state;

    static constexpr std::size_t task_size = 16384;
    int tasks() const { return int((n + task_size - 1) / task_size); }

    /// One task: a fixed run of parameters.
    static void part(void* self, int index) {
        const sweep& s = *static_cast<const sweep*>(self);
        const std::size_t first = std::size_t(index) * task_size, last = std::min(s.n, first + task_size);
        std::size_t i = first;
        for (; i + pack<T>::count <= last; i += pack<T>::count)
            s.turn(s.parameters + i, s.gradients + i, s.state + i, s.stride);
        if (i == last) return;
        // The last few go through a copy, so that every parameter takes the same arithmetic.
        constexpr std::size_t width = pack<T>::count;
        T copy[(Slots + 2) * width] = {};
        for (std::size_t k = 0; k < last - i; ++k) {
            copy[k] = s.parameters[i + k];
            copy[width + k] = s.gradients[i + k];
            for (int slot = 0; slot < Slots; ++slot)
                copy[std::size_t(slot + 2) * width + k] = s.state[std::size_t(slot) * s.stride + i + k];
        }
        s.turn(copy, copy + width, copy + 2 * width, width);
        for (std::size_t k = 0; k < last - i; ++k) {
            s.parameters[i + k] = copy[k];
            for (int slot = 0; slot < Slots; ++slot)
                s.state[std::size_t(slot) * s.stride + i + k] = copy[std::size_t(slot + 2) * width + k];
        }
    }

private:
    void turn(T* p, const T* g, T* slot, std::size_t apart) const {
        pack<T> slots[Slots ? Slots : 1];
        for (int k = 0; k < Slots; ++k) slots[k] = pack<T>::load(slot + std::size_t(k) * apart);
        pack<T> parameter = pack<T>::load(p);
        rule(parameter, pack<T>::load(g), slots);
        parameter.store(p);
        for (int k = 0; k < Slots; ++k) slots[k].store(slot + std::size_t(k) * apart);
    }
};

}  // namespace weft::cpu_backend
