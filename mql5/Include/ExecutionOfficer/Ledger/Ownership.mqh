//+------------------------------------------------------------------+
//|                                                    Ownership.mqh |
//| Which orders and positions this program made: those with a token |
//| that its ledger knows.                                           |
//+------------------------------------------------------------------+
#include "Ledger.mqh"
//+------------------------------------------------------------------+
//| Whether a magic is a token of the ledger's                       |
//+------------------------------------------------------------------+
bool IsOurMagic(const CLedger *ledger,const long magic)
  {
   return(magic>0 && ledger.Knows(magic));
  }
//+------------------------------------------------------------------+
//| Whether a position's entry deals, or their orders, bear a token  |
//| of the ledger's. POSITION_MAGIC is that of the last deal only.   |
//| It replaces the history's selection.                             |
//+------------------------------------------------------------------+
bool IsOurPosition(const CLedger *ledger,const long identifier,const long magic)
  {
   if(IsOurMagic(ledger,magic))
      return(true);
   if(!HistorySelectByPosition((ulong)identifier))
      return(false);
   for(int i=0; i<HistoryDealsTotal(); i++)
     {
      ulong deal=HistoryDealGetTicket(i);
      long entry=HistoryDealGetInteger(deal,DEAL_ENTRY);
      if(deal==0 || (entry!=DEAL_ENTRY_IN && entry!=DEAL_ENTRY_INOUT))
         continue;
      ulong order=(ulong)HistoryDealGetInteger(deal,DEAL_ORDER);
      if(IsOurMagic(ledger,HistoryDealGetInteger(deal,DEAL_MAGIC))
         || (order!=0 && IsOurMagic(ledger,HistoryOrderGetInteger(order,ORDER_MAGIC))))
         return(true);
     }
   return(false);
  }
//+------------------------------------------------------------------+
//| Whether an order's type waits for a price                        |
//+------------------------------------------------------------------+
bool IsPendingType(const long type)
  {
   return(type>=ORDER_TYPE_BUY_LIMIT && type<=ORDER_TYPE_SELL_STOP_LIMIT);
  }
//+------------------------------------------------------------------+
