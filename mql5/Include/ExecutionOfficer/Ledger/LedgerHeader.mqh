//+------------------------------------------------------------------+
//|                                                 LedgerHeader.mqh |
//| Name and first line of the ledger's file. A crash or a full disk |
//| during its creation may leave the beginning of that line: only   |
//| such a file is made anew. No call into the terminal.             |
//+------------------------------------------------------------------+
#include "..\Common\Text.mqh"
#include "LedgerBook.mqh"

#define LEDGER_ID_BYTES 16
//+------------------------------------------------------------------+
//| Return an account's file name: letters and digits, '-' for any   |
//| other character.                                                 |
//+------------------------------------------------------------------+
string LedgerFileName(const SAccount &account)
  {
   string name="ExecutionOfficer-"+IntegerToString(account.login)+"-";
   for(int i=0; i<StringLen(account.server); i++)
     {
      ushort character=StringGetCharacter(account.server,i);
      bool plain=(character>='0' && character<='9') || (character>='a' && character<='z')
                 || (character>='A' && character<='Z');
      name+=plain ? ShortToString(character) : "-";
     }
   return(name+".ledger");
  }
//+------------------------------------------------------------------+
//| Return the first line of an account's new ledger, without its    |
//| end.                                                             |
//+------------------------------------------------------------------+
string HeaderLine(const string id,const long login)
  {
   CJsonWriter json;
   json.Text("ledger",id);
   json.Integer("version",LEDGER_VERSION);
   json.Integer("login",login);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Return the first line of a ledger of the version without a       |
//| login.                                                           |
//+------------------------------------------------------------------+
string HeaderLineWithoutLogin(const string id)
  {
   CJsonWriter json;
   json.Text("ledger",id);
   json.Integer("version",LEDGER_VERSION_WITHOUT_LOGIN);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Return whether bytes are a part of a line that has '?' for each  |
//| digit of the ledger's id, and end in the middle of it.           |
//+------------------------------------------------------------------+
bool IsPartOf(const uchar &bytes[],const int size,const string line)
  {
   if(size>=StringLen(line))
      return(false);
   for(int i=0; i<size; i++)
     {
      ushort expected=StringGetCharacter(line,i);
      bool is_hex=(bytes[i]>='0' && bytes[i]<='9') || (bytes[i]>='a' && bytes[i]<='f');
      if((expected=='?') ? !is_hex : bytes[i]!=expected)
         return(false);
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| Return whether a file holds a part of the first line of this     |
//| account's ledger, of either version, and nothing else.           |
//+------------------------------------------------------------------+
bool IsTornHeader(const uchar &bytes[],const int size,const long login)
  {
   string id="";
   for(int i=0; i<2*LEDGER_ID_BYTES; i++)
      id+="?";
   return(IsPartOf(bytes,size,HeaderLine(id,login)) || IsPartOf(bytes,size,HeaderLineWithoutLogin(id)));
  }
//+------------------------------------------------------------------+
