//+------------------------------------------------------------------+
//|                                              ConnectionHints.mqh |
//| What to change when no connection comes about.                   |
//+------------------------------------------------------------------+
#include "..\Wire\Transport.mqh"
//+------------------------------------------------------------------+
//| How an address gets into the list of those that are allowed      |
//+------------------------------------------------------------------+
string AllowedListHint(const string host,const int port)
  {
   return("Tools > Options > Expert Advisors: tick 'Allow WebRequest for listed URL', add "+host+" and "+host+":"
          +IntegerToString(port)+", Enter after each, then OK");
  }
//+------------------------------------------------------------------+
//| The setting to change after a socket's error. Terminals differ   |
//| in the number that stands for an address that is not allowed.    |
//+------------------------------------------------------------------+
string SocketHint(const int error,const string host,const int port)
  {
   if(error==NET_NOT_ALLOWED)
      return("The address is not allowed. "+AllowedListHint(host,port));
   if(error==NET_CANNOT_CONNECT || error==NET_IO_ERROR)
      return("Start the sidecar, and compare the host and port inputs with its endpoint. If it runs: "
             +AllowedListHint(host,port));
   return("");
  }
//+------------------------------------------------------------------+
//| Why the program is removed or loaded anew (OnDeinit)             |
//+------------------------------------------------------------------+
string DeinitReason(const int reason)
  {
   switch(reason)
     {
      case REASON_REMOVE:
         return("the program is removed from its chart");
      case REASON_RECOMPILE:
         return("the program was compiled anew");
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
