#pragma once

// One clone of a function per instruction set, chosen when the library is loaded (which needs glibc).
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if __GNUC__ >= 12
#define PARLEY_CLONED __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define PARLEY_CLONED __attribute__((target_clones("default", "avx2", "avx512f")))
#endif
#else
#define PARLEY_CLONED
#endif
