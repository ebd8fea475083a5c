#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

/// The smallest runner that names what failed: TEST(name) { CHECK(condition); }
namespace check {

struct Test {
    const char* name;
    std::function<void()> run;
};

inline std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}

inline int& failures() {
    static int count = 0;
    return count;
}

struct Register {
    Register(const char* name, std::function<void()> run) { tests().push_back({name, std::move(run)}); }
};

inline void that(bool holds, const char* condition, const char* file, int line) {
    if (holds) return;
    ++failures();
    std::printf("%s:%d: does not hold: %s\n", file, line, condition);
}

}  // namespace check

#define TEST(name)                                                  \
    static void test_##name();                                      \
    static const check::Register register_##name(#name, test_##name); \
    static void test_##name()
#define CHECK(condition) check::that(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
