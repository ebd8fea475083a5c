#pragma once

namespace parley {

/// Asks the memory for the cache line of `address`, which need not exist, and waits for nothing. GCC takes a function
/// that does nothing but prefetch for one without effects and drops the calls of it that it does not inline: the empty
/// statement is an effect to the compiler and no instruction.
inline void prefetch(const void* address) noexcept {
    __builtin_prefetch(address, 1);
    asm volatile("");
}

}  // namespace parley
