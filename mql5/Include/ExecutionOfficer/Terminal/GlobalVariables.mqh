//+------------------------------------------------------------------+
//|                                              GlobalVariables.mqh |
//| Names of the terminal's global variables, which survive a load   |
//| of the program: one set per account. The terminal removes a      |
//| variable that was not accessed for four weeks.                   |
//+------------------------------------------------------------------+
#include "..\Common\TextHash.mqh"
#include "..\Link\Records.mqh"

#define HASH_LOW 0xFFFFFFFF
//+------------------------------------------------------------------+
//| Return the prefix of an account's variables. A name has at most  |
//| 63 characters; a server's name may have more, so its hash is     |
//| used.                                                            |
//+------------------------------------------------------------------+
string AccountVariable(const SAccount &account)
  {
   return("ExecutionOfficer."+IntegerToString(account.login)+"."
          +IntegerToString((long)((ulong)TextHash(account.server)&(ulong)HASH_LOW)));
  }
//+------------------------------------------------------------------+
