//+------------------------------------------------------------------+
//|                                                      Filling.mqh |
//| Filling modes. No call into the terminal.                        |
//+------------------------------------------------------------------+
//+------------------------------------------------------------------+
//| Choose the filling mode of a market order: an OPEN is filled     |
//| whole where the symbol allows it, a CLOSE as far as possible,    |
//| since closing a part is better than closing nothing. RETURN has  |
//| no flag; market execution forbids it.                            |
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
//| Choose the filling mode of a pending order. RETURN: the rest of  |
//| a partial fill stays on the book. Market execution forbids it;   |
//| there the flags decide, IOC before FOK, and RETURN, the default, |
//| where there are none. BOC is never chosen: it refuses an order   |
//| that can be filled at once.                                      |
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
//| Read the filling modes that a symbol takes: those with a flag,   |
//| and RETURN; return their number.                                 |
//+------------------------------------------------------------------+
int FillingModes(const long flags,const long execution,string &names[])
  {
   long every[3]={SYMBOL_FILLING_FOK,SYMBOL_FILLING_IOC,SYMBOL_FILLING_BOC};
   string every_name[3]={"FOK","IOC","BOC"};
   int count=0;
   ArrayResize(names,4);
   for(int i=0; i<3; i++)
     {
      if((flags&every[i])==0)
         continue;
      names[count]=every_name[i];
      count++;
     }
   if(execution!=SYMBOL_TRADE_EXECUTION_MARKET)
     {
      names[count]="RETURN";
      count++;
     }
   ArrayResize(names,count);
   return(count);
  }
//+------------------------------------------------------------------+
