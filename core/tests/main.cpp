#include "check.hpp"

int main() {
    for (const auto& test : check::tests()) {
        const int before = check::failures();
        test.run();
        std::printf("%s %s\n", check::failures() == before ? "ok  " : "FAIL", test.name);
    }
    return check::failures() == 0 ? 0 : 1;
}
