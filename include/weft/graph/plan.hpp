#pragma once

#include "primitives/elementwise.hpp"
#include "traversal.hpp"

namespace weft::graph {

/// The room that a value takes, in numbers of the policy's scalar. (Whole numbers have 32 bits, which no
/// scalar of a policy falls short of.)
constexpr std::int32_t room_of(const value& v) {
    return v.type == number_type::narrow ? (v.size + 1) / 2 : v.size;
}

/// A run of memory that one value, or several that replace each other in place, occupy.
struct block_lifetime {
    std::int64_t size = 0, offset = 0;
    std::int16_t first = 0, last = 0;
    bool batched = true;
};

/// Where every value of an arena lives. Sizes are per_sample * batch + fixed; the two parts are planned
/// apart, so one plan serves every batch up to the capacity.
template <int V>
struct memory_plan {
    array<std::int32_t, V>
        offset{};  ///< by value; per sample for batched ones, behind all batched memory otherwise
    std::int32_t per_sample = 0, fixed = 0;              ///< the arena's size
    std::int32_t lower_per_sample = 0, lower_fixed = 0;  ///< the largest sums of sizes alive at one time
    bool countable = true;  ///< false where it has more numbers than an int counts, and is no plan
};

/// The lifetimes in a graph: from the operation that writes a value to the last that reads it.
template <int V>
struct liveness {
    array<block_lifetime, V> blocks{};
    array<std::int16_t, V> block_of{};  ///< by value, -1 outside the arena
    int count = 0;
};

namespace detail {

/// May out[0] take the memory of a value that dies here? The operation must read each element before writing
/// it.
constexpr int in_place_source(const node& n, int candidate) {
    if (!n.is<elementwise>()) return -1;
    if (candidate < 0) return n.source_mode == operand_mode::same ? n.in[0] : -1;
    const step& s = n.steps[candidate];
    return s.kind != step_kind::store && s.mode == operand_mode::same ? s.operand : -1;
}

}  // namespace detail

template <int N, int V>
constexpr liveness<V> lifetimes(const graph<N, V>& g) {
    liveness<V> result;
    array<std::int16_t, V> last{};
    for (auto& b : result.block_of) b = -1;
    for (int i = 0; i < g.node_count; ++i) {
        const value_list in = reads(g.nodes[i]);
        for (int k = 0; k < in.count; ++k) last[in.id[k]] = std::int16_t(i);
    }
    for (int v = 0; v < g.value_count; ++v)
        if (g.values[v].keep) last[v] = std::int16_t(g.node_count);
    for (int i = 0; i < g.node_count; ++i) {
        const node& n = g.nodes[i];
        const value_list out = writes(n);
        for (int k = 0; k < out.count; ++k) {
            const int v = out.id[k];
            const value& written = g.values[v];
            if (written.where != storage::arena) continue;
            int block = -1;
            for (int c = -1; k == 0 && block < 0 && c < n.step_count; ++c) {
                const int u = detail::in_place_source(n, c);
                if (u < 0 || g.values[u].where != storage::arena || last[u] != i || result.block_of[u] < 0)
                    continue;
                if (g.values[u].size == written.size && g.values[u].batched == written.batched &&
                    g.values[u].type == written.type)
                    block = result.block_of[u];
            }
            if (block < 0) {
                block = result.count++;
                result.blocks[block] = {
                    .size = room_of(written), .first = std::int16_t(i), .batched = written.batched};
            }
            result.block_of[v] = std::int16_t(block);
            result.blocks[block].last = last[v] > i ? last[v] : std::int16_t(i);
        }
    }
    return result;
}

namespace detail {

/// Free runs of memory below a top, in order of offset, none touching another.
template <int Capacity>
struct free_memory {
    struct run {
        std::int64_t offset, size;
    };
    array<run, Capacity + 1> runs{};
    int count = 0;
    std::int64_t top = 0;  ///< the end of what was ever taken

    /// The smallest free run that is large enough, or else new memory at the top.
    constexpr std::int64_t take(std::int64_t size) {
        int best = -1;
        for (int r = 0; r < count; ++r)
            if (runs[r].size >= size && (best < 0 || runs[r].size < runs[best].size)) best = r;
        if (best < 0 && count > 0 && runs[count - 1].offset + runs[count - 1].size == top) {
            best = count - 1;  // the last run grows
            top = runs[best].offset + size;
            runs[best].size = size;
        }
        if (best < 0) return (top += size) - size;
        const std::int64_t offset = runs[best].offset;
        runs[best] = {offset + size, runs[best].size - size};
        if (runs[best].size == 0) erase(best);
        return offset;
    }
    constexpr void give_back(std::int64_t offset, std::int64_t size) {
        int at = count;
        while (at > 0 && runs[at - 1].offset > offset) --at;
        const bool joins_next = at < count && runs[at].offset == offset + size;
        if (at > 0 && runs[at - 1].offset + runs[at - 1].size == offset) {
            runs[at - 1].size += size + (joins_next ? runs[at].size : 0);
            if (joins_next) erase(at);
        } else if (joins_next) {
            runs[at] = {offset, runs[at].size + size};
        } else {
            for (int r = count++; r > at; --r) runs[r] = runs[r - 1];
            runs[at] = {offset, size};
        }
    }
    constexpr void erase(int at) {
        --count;
        for (int r = at; r < count; ++r) runs[r] = runs[r + 1];
    }
};

/// Best fit in the order of time: linear, and for most networks already as small as a plan can be.
template <int V>
constexpr std::int64_t place_by_time(liveness<V>& l, bool batched, int nodes) {
    free_memory<V> memory;
    array<std::int16_t, V + 1> dying{}, next{};  // by operation, a list of the blocks it reads last, plus 1
    int released = 0;
    for (int b = 0; b < l.count; ++b) {
        block_lifetime& block = l.blocks[b];
        if (block.batched != batched) continue;
        for (; released < block.first; ++released)
            for (int d = dying[released]; d > 0; d = next[d - 1])
                memory.give_back(l.blocks[d - 1].offset, l.blocks[d - 1].size);
        block.offset = memory.take(block.size);
        if (block.last < nodes) {
            next[b] = dying[block.last];
            dying[block.last] = std::int16_t(b + 1);
        }
    }
    return memory.top;
}

/// Greedy by size: the largest block first, each at the lowest offset that no block alive with it covers.
/// Quadratic, and close to the bound for any network.
template <int V>
constexpr std::int64_t place_by_size(liveness<V>& l, bool batched) {
    array<std::int16_t, V> order{};
    int count = 0;
    for (int b = 0; b < l.count; ++b) {
        if (l.blocks[b].batched != batched) continue;
        int at = count++;
        for (; at > 0 && l.blocks[order[at - 1]].size < l.blocks[b].size; --at) order[at] = order[at - 1];
        order[at] = std::int16_t(b);
    }
    array<std::int16_t, V> placed{};  // in order of offset
    std::int64_t peak = 0;
    for (int k = 0; k < count; ++k) {
        block_lifetime& b = l.blocks[order[k]];
        std::int64_t offset = 0;
        for (int j = 0; j < k; ++j) {
            const block_lifetime& other = l.blocks[placed[j]];
            if (other.last < b.first || b.last < other.first) continue;
            if (other.offset >= offset + b.size) break;
            if (other.offset + other.size > offset) offset = other.offset + other.size;
        }
        b.offset = offset;
        if (offset + b.size > peak) peak = offset + b.size;
        int at = k;
        for (; at > 0 && l.blocks[placed[at - 1]].offset > offset; --at) placed[at] = placed[at - 1];
        placed[at] = order[k];
    }
    return peak;
}

/// The largest sum of sizes alive at one operation: no plan can need less.
template <int V>
constexpr std::int64_t lower_bound(const liveness<V>& l, bool batched, int nodes) {
    array<std::int64_t, V + 2> change{};
    for (int b = 0; b < l.count; ++b) {
        if (l.blocks[b].batched != batched) continue;
        change[l.blocks[b].first] += l.blocks[b].size;
        if (l.blocks[b].last + 1 <= nodes) change[l.blocks[b].last + 1] -= l.blocks[b].size;
    }
    std::int64_t now = 0, peak = 0;
    for (int i = 0; i <= nodes; ++i) {
        now += change[i];
        if (now > peak) peak = now;
    }
    return peak;
}

}  // namespace detail

namespace detail {

/// The better of the two orders. Among many blocks, a plan by time within a sixty-fourth of the bound is good
/// enough, so that the work stays linear in deep networks.
template <int V>
constexpr std::int64_t place(liveness<V>& l, bool batched, int nodes, std::int64_t bound) {
    const std::int64_t by_time = place_by_time(l, batched, nodes);
    if (by_time - bound <= (l.count > 64 ? bound / 64 : 0)) return by_time;
    liveness<V> other = l;
    const std::int64_t by_size = place_by_size(other, batched);
    if (by_size >= by_time) return by_time;
    l = other;
    return by_size;
}

}  // namespace detail

/// Gives every value of the arena its place, given the lifetimes.
template <int N, int V>
constexpr memory_plan<V> plan(const graph<N, V>& g, liveness<V> l) {
    static_assert(N <= V, "every operation writes a value");
    memory_plan<V> result;
    const std::int64_t lower[] = {detail::lower_bound(l, true, g.node_count),
                                  detail::lower_bound(l, false, g.node_count)},
                       size[] = {detail::place(l, true, g.node_count, lower[0]),
                                 detail::place(l, false, g.node_count, lower[1])};
    constexpr std::int64_t most = 2147483647;
    result.countable = size[0] <= most && size[1] <= most;
    if (!result.countable) return result;
    result.lower_per_sample = std::int32_t(lower[0]);
    result.lower_fixed = std::int32_t(lower[1]);
    result.per_sample = std::int32_t(size[0]);
    result.fixed = std::int32_t(size[1]);
    for (int v = 0; v < g.value_count; ++v)
        if (l.block_of[v] >= 0) result.offset[v] = std::int32_t(l.blocks[l.block_of[v]].offset);
    return result;
}

}  // namespace weft::graph
