//+------------------------------------------------------------------+
//|                                              GlobalVariables.mqh |
//| Global variables of the terminal: what must outlive a load of    |
//| the program, one set for each account. The terminal forgets one  |
//| that nobody has looked at for four weeks.                        |
//+------------------------------------------------------------------+
#include "..\Common\TextHash.mqh"
#include "..\Link\Records.mqh"

#define HASH_LOW 0xFFFFFFFF
//+------------------------------------------------------------------+
//| How the account's variables begin. A name has at most 63         |
//| characters, a server's may have more.                            |
//+------------------------------------------------------------------+
string AccountVariable(const SAccount &account)
  {
   return("ExecutionOfficer."+IntegerToString(account.login)+"."
          +IntegerToString((long)((ulong)TextHash(account.server)&(ulong)HASH_LOW)));
  }
//+------------------------------------------------------------------+
