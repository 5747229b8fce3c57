//+------------------------------------------------------------------+
//|                                                     Retcodes.mqh |
//| Return codes of a trade server that decide the outcome of a      |
//| request by themselves. After any other code, a new one included, |
//| only the broker's records show the outcome.                      |
//+------------------------------------------------------------------+
#define RETCODE_LOWEST 10004
#define RETCODE_HIGHEST 10046
//+------------------------------------------------------------------+
//| Return whether a retcode is a refusal: nothing was executed.     |
//+------------------------------------------------------------------+
bool IsRefusal(const long retcode)
  {
   if(retcode<RETCODE_LOWEST || retcode>RETCODE_HIGHEST)
      return(false);
   switch((int)retcode)
     {
      case 10005:                      // not a retcode
      case TRADE_RETCODE_PLACED:
      case TRADE_RETCODE_DONE:
      case TRADE_RETCODE_DONE_PARTIAL:
      case TRADE_RETCODE_ERROR:
      case TRADE_RETCODE_TIMEOUT:
      case TRADE_RETCODE_LOCKED:       // the server is executing the request
      case TRADE_RETCODE_CONNECTION:   // seen for requests that were executed before the connection broke
      case 10037:                      // not a retcode
         return(false);
      default:
         return(true);
     }
  }
//+------------------------------------------------------------------+
//| Return whether a retcode leaves the outcome open.                |
//+------------------------------------------------------------------+
bool IsOpen(const long retcode)
  {
   if(retcode==TRADE_RETCODE_PLACED || retcode==TRADE_RETCODE_DONE || retcode==TRADE_RETCODE_DONE_PARTIAL)
      return(false);
   return(!IsRefusal(retcode));
  }
//+------------------------------------------------------------------+
