//+------------------------------------------------------------------+
//|                                                      Filling.mqh |
//| Which filling mode an order goes out with. No call into the      |
//| terminal.                                                        |
//+------------------------------------------------------------------+
//+------------------------------------------------------------------+
//| The filling mode for a market order. An OPEN is filled whole     |
//| where the symbol has that, a CLOSE as far as it goes: a part     |
//| closed is better than nothing closed. RETURN has no flag; market |
//| execution forbids it.                                            |
//+------------------------------------------------------------------+
ENUM_ORDER_TYPE_FILLING ChooseFilling(const bool opens,const long flags,const long execution)
  {
   bool fok=((flags&SYMBOL_FILLING_FOK)!=0);
   bool ioc=((flags&SYMBOL_FILLING_IOC)!=0);
   if(fok && (opens || !ioc))
      return(ORDER_FILLING_FOK);
   if(ioc)
      return(ORDER_FILLING_IOC);
   return((execution==SYMBOL_TRADE_EXECUTION_MARKET) ? ORDER_FILLING_FOK : ORDER_FILLING_RETURN);
  }
//+------------------------------------------------------------------+
//| The filling mode for a pending order. RETURN: what is not filled |
//| at once stays on the book. Market execution forbids it; there an |
//| order takes what the symbol names, in parts where it may, and    |
//| RETURN, the default, where it names nothing. BOC is never chosen:|
//| it would refuse an order that could be filled at once.           |
//+------------------------------------------------------------------+
ENUM_ORDER_TYPE_FILLING ChoosePendingFilling(const long flags,const long execution)
  {
   if(execution!=SYMBOL_TRADE_EXECUTION_MARKET)
      return(ORDER_FILLING_RETURN);
   if((flags&SYMBOL_FILLING_IOC)!=0)
      return(ORDER_FILLING_IOC);
   return(((flags&SYMBOL_FILLING_FOK)!=0) ? ORDER_FILLING_FOK : ORDER_FILLING_RETURN);
  }
//+------------------------------------------------------------------+
