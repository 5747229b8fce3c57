//+------------------------------------------------------------------+
//|                                              ConnectionHints.mqh |
//| Settings to change where a connection fails.                     |
//+------------------------------------------------------------------+
#include "..\Wire\Transport.mqh"

#define HOSTED_HINT "This terminal runs on MetaQuotes' virtual hosting, where no sidecar can run beside it: run terminal and sidecar on a PC or a Windows server of your own"
//+------------------------------------------------------------------+
//| Return whether an address is the terminal's own machine.         |
//+------------------------------------------------------------------+
bool IsLoopback(const string host)
  {
   return(host=="localhost" || StringFind(host,"127.")==0);
  }
//+------------------------------------------------------------------+
//| Return the steps that add an address to the allowed addresses.   |
//+------------------------------------------------------------------+
string AllowedListHint(const string host,const int port)
  {
   return("Tools > Options > Expert Advisors: tick 'Allow WebRequest for listed URL', add "+host+" and "+host+":"
          +IntegerToString(port)+", press Enter after each, then OK");
  }
//+------------------------------------------------------------------+
//| Return the setting to change after a socket error. Terminals use |
//| different numbers for an address that is not allowed.            |
//+------------------------------------------------------------------+
string SocketHint(const int error,const string host,const int port)
  {
   if(TerminalInfoInteger(TERMINAL_VPS)!=0 && IsLoopback(host))
      return(HOSTED_HINT);
   if(error==NET_NOT_ALLOWED)
      return("The address is not allowed. "+AllowedListHint(host,port));
   if(error==NET_CANNOT_CONNECT || error==NET_IO_ERROR)
      return("Start the sidecar, and compare the host and port inputs with its endpoint. If it runs: "
             +AllowedListHint(host,port));
   return("");
  }
//+------------------------------------------------------------------+
//| Return the reason of OnDeinit as text.                           |
//+------------------------------------------------------------------+
string DeinitReason(const int reason)
  {
   switch(reason)
     {
      case REASON_REMOVE:
         return("the program is removed from its chart");
      case REASON_RECOMPILE:
         return("the program was recompiled");
      case REASON_CHARTCHANGE:
         return("the chart's symbol or timeframe changes");
      case REASON_CHARTCLOSE:
         return("the chart is closed");
      case REASON_PARAMETERS:
         return("the inputs change");
      case REASON_ACCOUNT:
         return("the account changes");
      case REASON_TEMPLATE:
         return("a template is applied to the chart");
      case REASON_CLOSE:
         return("the terminal is closed");
      default:
         return("the program ends");
     }
  }
//+------------------------------------------------------------------+
