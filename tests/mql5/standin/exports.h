// Functions that the driver calls. Included after the EA; the translator writes OnInit_entry and the other entries.
//
// Every handler returns 0, or 1 where the EA is dead; mql_fault returns the cause.

namespace {

std::string mql_shown;
std::size_t mql_begun = 0;  // number of constructed globals

template <class F>
int mql_guarded(F &&body) {
    if (::rt::is_dead()) return 1;
    try {
        body();
    } catch (const ::rt::unwinding &) {
        return 1;
    } catch (const std::exception &error) {
        ::rt::instance().dead = true;
        ::rt::instance().fault = std::string("the stand-in failed: ") + error.what();
        return 1;
    }
    return ::rt::is_dead() ? 1 : 0;
}

::mql::string mql_text(const ::rt::value &v) {
    return ::mql::string(std::u16string(static_cast<const char16_t *>(v.data), static_cast<std::size_t>(v.size / 2)));
}

void mql_read(const ::rt::value *v, ::mql::MqlTradeTransaction &t) {
    t.deal = static_cast<::mql::uint64>(v[0].whole);
    t.order = static_cast<::mql::uint64>(v[1].whole);
    t.symbol = mql_text(v[2]);
    t.type = static_cast<::mql::ENUM_TRADE_TRANSACTION_TYPE>(v[3].whole);
    t.order_type = static_cast<::mql::ENUM_ORDER_TYPE>(v[4].whole);
    t.order_state = static_cast<::mql::ENUM_ORDER_STATE>(v[5].whole);
    t.deal_type = static_cast<::mql::ENUM_DEAL_TYPE>(v[6].whole);
    t.time_type = static_cast<::mql::ENUM_ORDER_TYPE_TIME>(v[7].whole);
    t.time_expiration = ::mql::datetime(v[8].whole);
    t.price = v[9].fraction;
    t.price_trigger = v[10].fraction;
    t.price_sl = v[11].fraction;
    t.price_tp = v[12].fraction;
    t.volume = v[13].fraction;
    t.position = static_cast<::mql::uint64>(v[14].whole);
    t.position_by = static_cast<::mql::uint64>(v[15].whole);
}

void mql_read(const ::rt::value *v, ::mql::MqlTradeRequest &r) {
    r.action = static_cast<::mql::ENUM_TRADE_REQUEST_ACTIONS>(v[0].whole);
    r.magic = static_cast<::mql::uint64>(v[1].whole);
    r.order = static_cast<::mql::uint64>(v[2].whole);
    r.symbol = mql_text(v[3]);
    r.volume = v[4].fraction;
    r.price = v[5].fraction;
    r.stoplimit = v[6].fraction;
    r.sl = v[7].fraction;
    r.tp = v[8].fraction;
    r.deviation = static_cast<::mql::uint64>(v[9].whole);
    r.type = static_cast<::mql::ENUM_ORDER_TYPE>(v[10].whole);
    r.type_filling = static_cast<::mql::ENUM_ORDER_TYPE_FILLING>(v[11].whole);
    r.type_time = static_cast<::mql::ENUM_ORDER_TYPE_TIME>(v[12].whole);
    r.expiration = ::mql::datetime(v[13].whole);
    r.comment = mql_text(v[14]);
    r.position = static_cast<::mql::uint64>(v[15].whole);
    r.position_by = static_cast<::mql::uint64>(v[16].whole);
}

void mql_read(const ::rt::value *v, ::mql::MqlTradeResult &r) {
    r.retcode = static_cast<::mql::uint>(v[0].whole);
    r.deal = static_cast<::mql::uint64>(v[1].whole);
    r.order = static_cast<::mql::uint64>(v[2].whole);
    r.volume = v[3].fraction;
    r.price = v[4].fraction;
    r.bid = v[5].fraction;
    r.ask = v[6].fraction;
    r.comment = mql_text(v[7]);
    r.request_id = static_cast<::mql::uint>(v[8].whole);
    r.retcode_external = static_cast<int>(v[9].whole);
}

template <class F, class... T>
int mql_handle(F *entry, int *result, const T &...arguments) {
    return mql_guarded([&] {
        const int code = entry(arguments...);
        if (result != nullptr) *result = code;
    });
}

}  // namespace

MQL_EXPORT int mql_create(::rt::host_call call) {
    ::rt::instance().call = call;
    return mql_guarded([] {
        const ::rt::filling_with zero(0);  // globals are zeroed
        for (const ::rt::global *one : ::rt::globals()) {
            one->begin();
            ++mql_begun;
        }
    });
}

MQL_EXPORT int mql_destroy() {
    return mql_guarded([] {
        while (mql_begun > 0) ::rt::globals()[--mql_begun]->finish();
    });
}

MQL_EXPORT void mql_kill() { ::rt::instance().dead = true; }
MQL_EXPORT int mql_crashed() { return ::rt::instance().crashed; }
MQL_EXPORT const char *mql_fault() { return ::rt::instance().fault.c_str(); }
MQL_EXPORT int mql_set_switch(const char *name, int value) {
    if (std::strcmp(name, "empty_text_counts_terminator") == 0)
        ::rt::instance().empty_text_counts_terminator = value != 0;
    else if (std::strcmp(name, "zero_count_takes_all") == 0)
        ::rt::instance().zero_count_takes_all = value != 0;
    else
        return 0;
    return 1;
}

MQL_EXPORT int mql_input_count() { return static_cast<int>(::rt::inputs().size()); }
MQL_EXPORT int mql_set_input(int at, const char *text) { return ::rt::inputs()[static_cast<std::size_t>(at)]->set(text); }

// Return a field of an input: 0 name, 1 type, 2 value, 3 description, 4 group. Valid until the next call.
MQL_EXPORT const char *mql_input(int at, int field) {
    const ::rt::input_base &one = *::rt::inputs()[static_cast<std::size_t>(at)];
    mql_shown = field == 0 ? one.name : field == 1 ? one.type : field == 2 ? one.shown() : field == 3 ? one.description : one.group;
    return mql_shown.c_str();
}

MQL_EXPORT int mql_on_init(int *result) { return mql_handle(OnInit_entry, result); }
MQL_EXPORT int mql_on_deinit(int reason) { return mql_handle(OnDeinit_entry, nullptr, reason); }
MQL_EXPORT int mql_on_tick() { return mql_handle(OnTick_entry, nullptr); }
MQL_EXPORT int mql_on_timer() { return mql_handle(OnTimer_entry, nullptr); }
MQL_EXPORT int mql_on_trade() { return mql_handle(OnTrade_entry, nullptr); }
MQL_EXPORT int mql_on_start() { return mql_handle(OnStart_entry, nullptr); }

MQL_EXPORT int mql_on_chart_event(int id, std::int64_t whole, double real, const ::rt::value *text) {
    const ::mql::string shown = mql_text(*text);
    return mql_handle(OnChartEvent_entry, nullptr, id, whole, real, shown);
}

// The array holds 16 fields of the transaction, 17 of the request and 10 of the result.
MQL_EXPORT int mql_on_trade_transaction(const ::rt::value *fields) {
    ::mql::MqlTradeTransaction transaction;
    ::mql::MqlTradeRequest request;
    ::mql::MqlTradeResult result;
    mql_read(fields, transaction);
    mql_read(fields + 16, request);
    mql_read(fields + 33, result);
    return mql_handle(OnTradeTransaction_entry, nullptr, transaction, request, result);
}

// An unloaded library must run its exit handlers itself; otherwise the process crashes at its end in unmapped code. A
// compiler's start files do that; zig links none. A second call is harmless: each handler runs once.
#if defined(__ELF__)
// Declared by its assembler name: g++ also declares __dso_handle, with another linkage.
extern __attribute__((visibility("hidden"))) void *mql_library __asm__("__dso_handle");
extern "C" void __cxa_finalize(void *library);
__attribute__((destructor)) static void mql_unload() { __cxa_finalize(&mql_library); }
#endif
