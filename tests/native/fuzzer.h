// libFuzzer's entry points for programs/readers.mq5. Appended to its translation by scripts/fuzz.py.
#include <cstdlib>

namespace {

int reader = 0;

// A reader of bytes calls nothing in the terminal.
int refuse(const char *name, const ::rt::value *, int, ::rt::value *, std::int32_t *) {
    std::fprintf(stderr, "the reader called %s\n", name);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    reader = std::atoi(std::getenv("READER"));
    return mql_create(refuse);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const ::mql::string text(std::u16string(data, data + size));
    if (mql_handle(OnChartEvent_entry, nullptr, reader, std::int64_t{0}, 0.0, text) != 0) {
        std::fprintf(stderr, "%s\n", mql_fault());
        std::abort();
    }
    return 0;
}
