//+------------------------------------------------------------------+
//|                                                    Ownership.mqh |
//| Orders and positions of this program: those with a client order  |
//| id of its ledger.                                                |
//+------------------------------------------------------------------+
#include "Ledger.mqh"
//+------------------------------------------------------------------+
//| Return whether a magic is a client order id of the ledger.       |
//+------------------------------------------------------------------+
bool IsOurMagic(const CLedger *ledger,const long magic)
  {
   return(magic>0 && ledger.Knows(magic));
  }
//+------------------------------------------------------------------+
//| Return whether a position's entry deals, or their orders, have a |
//| client order id of the ledger. POSITION_MAGIC is that of the     |
//| last deal only. Replaces the selected history.                   |
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
//| Return whether an order type is a pending one.                   |
//+------------------------------------------------------------------+
bool IsPendingType(const long type)
  {
   return(type>=ORDER_TYPE_BUY_LIMIT && type<=ORDER_TYPE_SELL_STOP_LIMIT);
  }
//+------------------------------------------------------------------+
