//+------------------------------------------------------------------+
//|                                                    EnumNames.mqh |
//| Names of MetaTrader's enumeration members for the link: without  |
//| the prefix, never as numbers. Builds add members; an unknown one |
//| is sent as a name with its number.                               |
//+------------------------------------------------------------------+
//+------------------------------------------------------------------+
//| Return the name of an unknown member.                            |
//+------------------------------------------------------------------+
string UnknownName(const long value)
  {
   return("UNKNOWN_"+IntegerToString((value<0) ? -value : value));
  }
//+------------------------------------------------------------------+
//| Return the name of an ENUM_ORDER_TYPE.                           |
//+------------------------------------------------------------------+
string OrderTypeName(const long type)
  {
   switch((int)type)
     {
      case ORDER_TYPE_BUY:
         return("BUY");
      case ORDER_TYPE_SELL:
         return("SELL");
      case ORDER_TYPE_BUY_LIMIT:
         return("BUY_LIMIT");
      case ORDER_TYPE_SELL_LIMIT:
         return("SELL_LIMIT");
      case ORDER_TYPE_BUY_STOP:
         return("BUY_STOP");
      case ORDER_TYPE_SELL_STOP:
         return("SELL_STOP");
      case ORDER_TYPE_BUY_STOP_LIMIT:
         return("BUY_STOP_LIMIT");
      case ORDER_TYPE_SELL_STOP_LIMIT:
         return("SELL_STOP_LIMIT");
      case ORDER_TYPE_CLOSE_BY:
         return("CLOSE_BY");
      default:
         return(UnknownName(type));
     }
  }
//+------------------------------------------------------------------+
//| Return the name of an ENUM_ORDER_STATE.                          |
//+------------------------------------------------------------------+
string OrderStateName(const long state)
  {
   switch((int)state)
     {
      case ORDER_STATE_STARTED:
         return("STARTED");
      case ORDER_STATE_PLACED:
         return("PLACED");
      case ORDER_STATE_CANCELED:
         return("CANCELED");
      case ORDER_STATE_PARTIAL:
         return("PARTIAL");
      case ORDER_STATE_FILLED:
         return("FILLED");
      case ORDER_STATE_REJECTED:
         return("REJECTED");
      case ORDER_STATE_EXPIRED:
         return("EXPIRED");
      case ORDER_STATE_REQUEST_ADD:
         return("REQUEST_ADD");
      case ORDER_STATE_REQUEST_MODIFY:
         return("REQUEST_MODIFY");
      case ORDER_STATE_REQUEST_CANCEL:
         return("REQUEST_CANCEL");
      default:
         return(UnknownName(state));
     }
  }
//+------------------------------------------------------------------+
//| Return the name of an ENUM_ORDER_REASON.                         |
//+------------------------------------------------------------------+
string OrderReasonName(const long reason)
  {
   switch((int)reason)
     {
      case ORDER_REASON_CLIENT:
         return("CLIENT");
      case ORDER_REASON_MOBILE:
         return("MOBILE");
      case ORDER_REASON_WEB:
         return("WEB");
      case ORDER_REASON_EXPERT:
         return("EXPERT");
      case ORDER_REASON_SL:
         return("SL");
      case ORDER_REASON_TP:
         return("TP");
      case ORDER_REASON_SO:
         return("SO");
      default:
         return(UnknownName(reason));
     }
  }
//+------------------------------------------------------------------+
//| Return the name of an ENUM_DEAL_TYPE.                            |
//+------------------------------------------------------------------+
string DealTypeName(const long type)
  {
   switch((int)type)
     {
      case DEAL_TYPE_BUY:
         return("BUY");
      case DEAL_TYPE_SELL:
         return("SELL");
      case DEAL_TYPE_BALANCE:
         return("BALANCE");
      case DEAL_TYPE_CREDIT:
         return("CREDIT");
      case DEAL_TYPE_CHARGE:
         return("CHARGE");
      case DEAL_TYPE_CORRECTION:
         return("CORRECTION");
      case DEAL_TYPE_BONUS:
         return("BONUS");
      case DEAL_TYPE_COMMISSION:
         return("COMMISSION");
      case DEAL_TYPE_COMMISSION_DAILY:
         return("COMMISSION_DAILY");
      case DEAL_TYPE_COMMISSION_MONTHLY:
         return("COMMISSION_MONTHLY");
      case DEAL_TYPE_COMMISSION_AGENT_DAILY:
         return("COMMISSION_AGENT_DAILY");
      case DEAL_TYPE_COMMISSION_AGENT_MONTHLY:
         return("COMMISSION_AGENT_MONTHLY");
      case DEAL_TYPE_INTEREST:
         return("INTEREST");
      case DEAL_TYPE_BUY_CANCELED:
         return("BUY_CANCELED");
      case DEAL_TYPE_SELL_CANCELED:
         return("SELL_CANCELED");
      case DEAL_DIVIDEND:
         return("DEAL_DIVIDEND");
      case DEAL_DIVIDEND_FRANKED:
         return("DEAL_DIVIDEND_FRANKED");
      case DEAL_TAX:
         return("DEAL_TAX");
      default:
         return(UnknownName(type));
     }
  }
//+------------------------------------------------------------------+
//| Return the name of an ENUM_DEAL_ENTRY.                           |
//+------------------------------------------------------------------+
string DealEntryName(const long entry)
  {
   switch((int)entry)
     {
      case DEAL_ENTRY_IN:
         return("IN");
      case DEAL_ENTRY_OUT:
         return("OUT");
      case DEAL_ENTRY_INOUT:
         return("INOUT");
      case DEAL_ENTRY_OUT_BY:
         return("OUT_BY");
      default:
         return(UnknownName(entry));
     }
  }
//+------------------------------------------------------------------+
//| Return the name of an ENUM_DEAL_REASON.                          |
//+------------------------------------------------------------------+
string DealReasonName(const long reason)
  {
   switch((int)reason)
     {
      case DEAL_REASON_CLIENT:
         return("CLIENT");
      case DEAL_REASON_MOBILE:
         return("MOBILE");
      case DEAL_REASON_WEB:
         return("WEB");
      case DEAL_REASON_EXPERT:
         return("EXPERT");
      case DEAL_REASON_SL:
         return("SL");
      case DEAL_REASON_TP:
         return("TP");
      case DEAL_REASON_SO:
         return("SO");
      case DEAL_REASON_ROLLOVER:
         return("ROLLOVER");
      case DEAL_REASON_VMARGIN:
         return("VMARGIN");
      case DEAL_REASON_SPLIT:
         return("SPLIT");
      case DEAL_REASON_CORPORATE_ACTION:
         return("CORPORATE_ACTION");
      default:
         return(UnknownName(reason));
     }
  }
//+------------------------------------------------------------------+
//| Return the name of an ENUM_SYMBOL_TRADE_MODE.                    |
//+------------------------------------------------------------------+
string SymbolTradeModeName(const long mode)
  {
   switch((int)mode)
     {
      case SYMBOL_TRADE_MODE_DISABLED:
         return("DISABLED");
      case SYMBOL_TRADE_MODE_LONGONLY:
         return("LONGONLY");
      case SYMBOL_TRADE_MODE_SHORTONLY:
         return("SHORTONLY");
      case SYMBOL_TRADE_MODE_CLOSEONLY:
         return("CLOSEONLY");
      case SYMBOL_TRADE_MODE_FULL:
         return("FULL");
      default:
         return(UnknownName(mode));
     }
  }
//+------------------------------------------------------------------+
//| Return the name of an ENUM_SYMBOL_TRADE_EXECUTION.               |
//+------------------------------------------------------------------+
string SymbolExecutionName(const long execution)
  {
   switch((int)execution)
     {
      case SYMBOL_TRADE_EXECUTION_REQUEST:
         return("REQUEST");
      case SYMBOL_TRADE_EXECUTION_INSTANT:
         return("INSTANT");
      case SYMBOL_TRADE_EXECUTION_MARKET:
         return("MARKET");
      case SYMBOL_TRADE_EXECUTION_EXCHANGE:
         return("EXCHANGE");
      default:
         return(UnknownName(execution));
     }
  }
//+------------------------------------------------------------------+
