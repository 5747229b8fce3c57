"""The event handlers: from the driver's calls to the EA's functions.

Source: MQL5 reference, 'Event Handling Functions'.
"""

from typing import Final

HANDLERS: Final = {
    "OnInit": ("", ""),
    "OnDeinit": ("int a", "a"),
    "OnTick": ("", ""),
    "OnTimer": ("", ""),
    "OnTrade": ("", ""),
    "OnTradeTransaction": (
        "const MqlTradeTransaction &a, const MqlTradeRequest &b, const MqlTradeResult &c",
        "a, b, c",
    ),
    "OnChartEvent": ("int a, const int64 &b, const double &c, const string &d", "a, b, c, d"),
    "OnStart": ("", ""),
}
"""The handlers that the driver can call: their C++ parameters, and these as arguments."""


def closing(functions: dict[str, str]) -> str:
    """The C++ behind the EA. `functions` are the EA's, with their types: a handler that it lacks does nothing."""
    lines = ["", "}  // namespace ea", '#line 1 "handlers"', "namespace {", "using namespace ::mql;"]
    for name, (parameters, arguments) in HANDLERS.items():
        call = f"::ea::{name}({arguments});"
        if name not in functions:
            body = "return 0;"
        elif functions[name].endswith("void"):
            body = f"{call} return 0;"
        else:
            body = f"return static_cast<int>({call[:-1]});"
        lines.append(f"int {name}_entry({parameters}) {{ {body} }}")
    lines += ["}  // namespace", "#include <exports.h>", ""]
    return "\n".join(lines)
