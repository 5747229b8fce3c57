//+------------------------------------------------------------------+
//|                                                       Search.mqh |
//| What the broker's records hold of one token.                     |
//+------------------------------------------------------------------+
#include "Clock.mqh"
#include "Facts.mqh"
#include "Standing.mqh"

// History is asked for until a day from now: server time may be set back, and the newest must not be missed.
#define HISTORY_AHEAD_S 86400
//+------------------------------------------------------------------+
//| Make the history from a server time on the present selection     |
//+------------------------------------------------------------------+
bool SelectHistory(const long from_ms)
  {
   long until_s=ServerMs()/1000+HISTORY_AHEAD_S;
   return(HistorySelect((datetime)(from_ms/1000),(datetime)until_s));
  }
//+------------------------------------------------------------------+
//| Put a ticket at the end of a list                                |
//+------------------------------------------------------------------+
void AppendTicket(ulong &tickets[],const ulong ticket)
  {
   int count=ArraySize(tickets);
   ArrayResize(tickets,count+1,256);
   tickets[count]=ticket;
  }
//+------------------------------------------------------------------+
//| Whether a ticket is in a list                                    |
//+------------------------------------------------------------------+
bool HasTicket(const ulong &tickets[],const ulong ticket)
  {
   for(int i=0; i<ArraySize(tickets); i++)
      if(tickets[i]==ticket)
         return(true);
   return(false);
  }
//+------------------------------------------------------------------+
//| Put a fact at the end of a list                                  |
//+------------------------------------------------------------------+
void AppendFact(SFact &facts[],const SFact &fact)
  {
   int count=ArraySize(facts);
   ArrayResize(facts,count+1,16);
   facts[count]=fact;
  }
//+------------------------------------------------------------------+
//| Every order and deal with the token, as facts: deals, live       |
//| orders, done orders. Deals of an order with the token count too: |
//| not every broker passes its magic on. False where the broker     |
//| could not be searched.                                           |
//+------------------------------------------------------------------+
bool SearchBroker(const long token,const long since_ms,SFact &facts[])
  {
   SFact fact;
   ulong orders[];
   SFact order_facts[];
   ArrayResize(facts,0);
   if(!BrokerConnected())
      return(false);
   // Live orders first: one that is done in between is then seen in the history, or twice, but never missed.
   for(int i=0; i<OrdersTotal(); i++)
     {
      ulong ticket=OrderGetTicket(i);
      if(ticket==0 || OrderGetInteger(ORDER_MAGIC)!=token)
         continue;
      AppendTicket(orders,ticket);
      if(LiveOrderFact(i,fact))
         AppendFact(order_facts,fact);
     }
   if(!SelectHistory(since_ms))
      return(false);
   for(int i=0; i<HistoryOrdersTotal(); i++)
     {
      ulong ticket=HistoryOrderGetTicket(i);
      if(ticket==0 || HistoryOrderGetInteger(ticket,ORDER_MAGIC)!=token)
         continue;
      AppendTicket(orders,ticket);
      if(DoneOrderFact(ticket,fact))
         AppendFact(order_facts,fact);
     }
   for(int i=0; i<HistoryDealsTotal(); i++)
     {
      ulong ticket=HistoryDealGetTicket(i);
      if(ticket==0)
         continue;
      ulong order=(ulong)HistoryDealGetInteger(ticket,DEAL_ORDER);
      bool ours=(HistoryDealGetInteger(ticket,DEAL_MAGIC)==token || (order!=0 && HasTicket(orders,order)));
      if(ours && DealFact(ticket,fact))
         AppendFact(facts,fact);
     }
   for(int i=0; i<ArraySize(order_facts); i++)
      AppendFact(facts,order_facts[i]);
   return(BrokerConnected());
  }
//+------------------------------------------------------------------+
