// Functions of the terminal: clock, journal, timer, files, sockets, global variables.
#pragma once

#include "host.h"

namespace mql {

inline int GetLastError() { return rt::last_error(); }
inline void ResetLastError() { rt::last_error() = 0; }
inline void SetUserError(ushort code) { rt::last_error() = ERR_USER_ERROR_FIRST + code; }

// Clock
inline datetime TimeCurrent() { return datetime(rt::ask("TimeCurrent").whole()); }
inline datetime TimeTradeServer() { return datetime(rt::ask("TimeTradeServer").whole()); }
inline datetime TimeLocal() { return datetime(rt::ask("TimeLocal").whole()); }
inline datetime TimeGMT() { return datetime(rt::ask("TimeGMT").whole()); }
inline datetime TimeCurrent(MqlDateTime &parts) { const datetime t = TimeCurrent(); TimeToStruct(t, parts); return t; }
inline datetime TimeTradeServer(MqlDateTime &parts) { const datetime t = TimeTradeServer(); TimeToStruct(t, parts); return t; }
inline datetime TimeLocal(MqlDateTime &parts) { const datetime t = TimeLocal(); TimeToStruct(t, parts); return t; }
inline datetime TimeGMT(MqlDateTime &parts) { const datetime t = TimeGMT(); TimeToStruct(t, parts); return t; }
inline int TimeGMTOffset() { return rt::ask("TimeGMTOffset").number(); }
inline int TimeDaylightSavings() { return rt::ask("TimeDaylightSavings").number(); }
inline uint GetTickCount() { return static_cast<uint>(rt::ask("GetTickCount64").whole()); }
inline uint64 GetTickCount64() { return static_cast<uint64>(rt::ask("GetTickCount64").whole()); }
inline uint64 GetMicrosecondCount() { return static_cast<uint64>(rt::ask("GetMicrosecondCount").whole()); }
inline void Sleep(int milliseconds) { rt::ask("Sleep", milliseconds); }
inline int MathRand() { return rt::ask("MathRand").number(); }
inline void MathSrand(int seed) { rt::ask("MathSrand", seed); }

// Journal
template <class... T> void Print(const T &...parts) { rt::ask("Print", rt::joined(parts...)); }
template <class... T> void Comment(const T &...parts) { rt::ask("Comment", rt::joined(parts...)); }
template <class... T> void Alert(const T &...parts) { rt::ask("Alert", rt::joined(parts...)); }
template <class... T> void PrintFormat(format_text form, const T &...values) {
    rt::ask("Print", rt::formatted(form.text, {rt::argument(values)...}, form.where));
}
template <class... T> void printf(format_text form, const T &...values) {
    rt::ask("Print", rt::formatted(form.text, {rt::argument(values)...}, form.where));
}
inline bool SendNotification(const string &text) { return rt::ask("SendNotification", text).yes(); }
inline bool PlaySound(const string &file) { return rt::ask("PlaySound", file).yes(); }

// Program
[[nodiscard]] inline bool EventSetTimer(int seconds) { return rt::ask("EventSetTimer", seconds).yes(); }
[[nodiscard]] inline bool EventSetMillisecondTimer(int milliseconds) { return rt::ask("EventSetMillisecondTimer", milliseconds).yes(); }
inline void EventKillTimer() { rt::ask("EventKillTimer"); }
inline bool IsStopped() { return rt::ask("IsStopped").yes(); }
inline void ExpertRemove() { rt::ask("ExpertRemove"); }
inline int UninitializeReason() { return rt::ask("UninitializeReason").number(); }
inline int64 TerminalInfoInteger(ENUM_TERMINAL_INFO_INTEGER id) { return rt::ask("TerminalInfoInteger", id).whole(); }
inline double TerminalInfoDouble(ENUM_TERMINAL_INFO_DOUBLE id) { return rt::ask("TerminalInfoDouble", id).real(); }
inline string TerminalInfoString(ENUM_TERMINAL_INFO_STRING id) { return rt::ask("TerminalInfoString", id).text(); }
inline int64 MQLInfoInteger(ENUM_MQL_INFO_INTEGER id) { return rt::ask("MQLInfoInteger", id).whole(); }
inline string MQLInfoString(ENUM_MQL_INFO_STRING id) { return rt::ask("MQLInfoString", id).text(); }

// Sockets
[[nodiscard]] inline int SocketCreate(uint flags = 0) { return rt::ask("SocketCreate", flags).number(); }
inline bool SocketClose(int socket) { return rt::ask("SocketClose", socket).yes(); }
[[nodiscard]] inline bool SocketConnect(int socket, const string &server, uint port, uint timeout_ms) {
    return rt::ask("SocketConnect", socket, server, port, timeout_ms).yes();
}
inline bool SocketIsConnected(int socket) { return rt::ask("SocketIsConnected", socket).yes(); }
inline uint SocketIsReadable(int socket) { return static_cast<uint>(rt::ask("SocketIsReadable", socket).whole()); }
inline bool SocketIsWritable(int socket) { return rt::ask("SocketIsWritable", socket).yes(); }
inline bool SocketTimeouts(int socket, uint send_ms, uint receive_ms) { return rt::ask("SocketTimeouts", socket, send_ms, receive_ms).yes(); }
[[nodiscard]] inline int SocketRead(int socket, rt::array<uchar> &buffer, uint most, uint timeout_ms) {
    const rt::answer got = rt::ask("SocketRead", socket, most, timeout_ms);
    int size = 0;
    const uchar *data = got.bytes(1, size);
    if (size > buffer.size() && !buffer.resize(size)) rt::kill("SocketRead: the buffer is too small and fixed");
    if (size > 0) std::copy(data, data + size, buffer.begin());
    return got.number(0);
}
[[nodiscard]] inline int SocketSend(int socket, const rt::array<uchar> &buffer, uint size) {
    if (static_cast<int64>(size) > buffer.size()) rt::kill("SocketSend: more bytes than the buffer has");
    return rt::ask("SocketSend", socket, buffer, size).number();
}

// Files
[[nodiscard]] inline int FileOpen(const string &name, int flags, short delimiter = '\t', uint page = CP_ACP) {
    return rt::ask("FileOpen", name, flags, delimiter, page).number();
}
inline void FileClose(int file) { rt::ask("FileClose", file); }
inline void FileFlush(int file) { rt::ask("FileFlush", file); }
inline bool FileIsExist(const string &name, int common = 0) { return rt::ask("FileIsExist", name, common).yes(); }
inline bool FileDelete(const string &name, int common = 0) { return rt::ask("FileDelete", name, common).yes(); }
[[nodiscard]] inline bool FileMove(const string &from, int common, const string &to, int mode) { return rt::ask("FileMove", from, common, to, mode).yes(); }
[[nodiscard]] inline bool FileCopy(const string &from, int common, const string &to, int mode) { return rt::ask("FileCopy", from, common, to, mode).yes(); }
inline bool FolderCreate(const string &name, int common = 0) { return rt::ask("FolderCreate", name, common).yes(); }
inline uint64 FileSize(int file) { return static_cast<uint64>(rt::ask("FileSize", file).whole()); }
inline uint64 FileTell(int file) { return static_cast<uint64>(rt::ask("FileTell", file).whole()); }
inline bool FileSeek(int file, int64 offset, ENUM_FILE_POSITION origin) { return rt::ask("FileSeek", file, offset, origin).yes(); }
inline bool FileIsEnding(int file) { return rt::ask("FileIsEnding", file).yes(); }
[[nodiscard]] inline uint FileWriteArray(int file, const rt::array<uchar> &bytes, int start = 0, int count = WHOLE_ARRAY) {
    return static_cast<uint>(rt::ask("FileWriteArray", file, bytes, start, count).whole());
}
[[nodiscard]] inline uint FileReadArray(int file, rt::array<uchar> &bytes, int start = 0, int count = WHOLE_ARRAY) {
    const rt::answer got = rt::ask("FileReadArray", file, count);
    int size = 0;
    const uchar *data = got.bytes(0, size);
    if (start + size > bytes.size() && !bytes.resize(start + size)) size = std::max(0, bytes.size() - start);
    if (size > 0) std::copy(data, data + size, bytes.begin() + start);
    return static_cast<uint>(size);
}
[[nodiscard]] inline uint FileWriteString(int file, const string &text, int length = -1) { return static_cast<uint>(rt::ask("FileWriteString", file, text, length).whole()); }
inline string FileReadString(int file, int length = -1) { return rt::ask("FileReadString", file, length).text(); }
template <class... T> [[nodiscard]] uint FileWrite(int file, const T &...parts) { return static_cast<uint>(rt::ask("FileWrite", file, rt::joined(parts...)).whole()); }

// Global variables of the terminal
inline bool GlobalVariableCheck(const string &name) { return rt::ask("GlobalVariableCheck", name).yes(); }
inline double GlobalVariableGet(const string &name) { return rt::ask("GlobalVariableGet", name).real(1); }
inline bool GlobalVariableGet(const string &name, double &value) {
    const rt::answer got = rt::ask("GlobalVariableGet", name);
    if (got.yes(0)) value = got.real(1);
    return got.yes(0);
}
inline datetime GlobalVariableSet(const string &name, double value) { return datetime(rt::ask("GlobalVariableSet", name, value).whole()); }
inline bool GlobalVariableSetOnCondition(const string &name, double value, double check) { return rt::ask("GlobalVariableSetOnCondition", name, value, check).yes(); }
inline bool GlobalVariableDel(const string &name) { return rt::ask("GlobalVariableDel", name).yes(); }
inline bool GlobalVariableTemp(const string &name) { return rt::ask("GlobalVariableTemp", name).yes(); }
inline void GlobalVariablesFlush() { rt::ask("GlobalVariablesFlush"); }

}  // namespace mql
