//+------------------------------------------------------------------+
//|                                                   Allocation.mqh |
//| How much of a position on a netting account this program put     |
//| there: several programs and people share one, and a deal may     |
//| reverse it. As the sidecar's journal divides it:                 |
//|                                                                  |
//|   deal        what it does                                       |
//|   IN          adds to the share of whoever made it               |
//|   OUT, ours   takes from our share, then from the others'        |
//|   OUT, hand   takes from the others' share, then from ours: who  |
//|               trades by hand means his own                       |
//|   OUT, stop   takes from our share, then from the others'        |
//|   INOUT       ends both; the rest is the share of who made it    |
//+------------------------------------------------------------------+
#include "..\Ledger\Ownership.mqh"
#include "..\Reports\OrderSearch.mqh"

// Orders of the flatten button have no magic: a token stands for one command.
#define FLATTEN_COMMENT "flatten"
//+------------------------------------------------------------------+
//| Lots                                                             |
//+------------------------------------------------------------------+
struct SAllocation
  {
   double            own;
   double            others;
  };
//+------------------------------------------------------------------+
//| Whether magic and comment are those of the flatten button's      |
//| orders                                                           |
//+------------------------------------------------------------------+
bool IsFlattenMark(const long magic,const string comment)
  {
   return(magic==0 && StringFind(comment,FLATTEN_COMMENT)==0);
  }
//+------------------------------------------------------------------+
//| Whether a deal of the selected history was made by an order with |
//| a token of the ledger's, or by the flatten button. `flattened`:  |
//| orders that are known to be the button's, whatever comment the   |
//| broker gave them.                                                |
//+------------------------------------------------------------------+
bool IsOurDeal(const CLedger *ledger,const ulong &flattened[],const ulong deal)
  {
   ulong order=(ulong)HistoryDealGetInteger(deal,DEAL_ORDER);
   long magic=HistoryDealGetInteger(deal,DEAL_MAGIC);
   if(IsOurMagic(ledger,magic) || IsFlattenMark(magic,HistoryDealGetString(deal,DEAL_COMMENT)))
      return(true);
   if(order==0)
      return(false);
   magic=HistoryOrderGetInteger(order,ORDER_MAGIC);
   return(HasTicket(flattened,order) || IsOurMagic(ledger,magic)
          || IsFlattenMark(magic,HistoryOrderGetString(order,ORDER_COMMENT)));
  }
//+------------------------------------------------------------------+
//| Whether a deal was made by the server itself, for all there is   |
//+------------------------------------------------------------------+
bool IsStopDeal(const ulong deal)
  {
   long reason=HistoryDealGetInteger(deal,DEAL_REASON);
   return(reason==DEAL_REASON_SL || reason==DEAL_REASON_TP || reason==DEAL_REASON_SO);
  }
//+------------------------------------------------------------------+
//| Take a volume from one share; what was not there                 |
//+------------------------------------------------------------------+
double TakeFrom(double &allocation,const double volume)
  {
   double taken=MathMin(allocation,volume);
   allocation-=taken;
   return(volume-taken);
  }
//+------------------------------------------------------------------+
//| What one deal does to the shares                                 |
//+------------------------------------------------------------------+
void Allocate(SAllocation &allocation,const long entry,const double volume,const bool is_ours,const bool ours_first)
  {
   if(entry==DEAL_ENTRY_OUT || entry==DEAL_ENTRY_OUT_BY)
     {
      double left=ours_first ? TakeFrom(allocation.own,volume) : TakeFrom(allocation.others,volume);
      // More than is known of was there before the history that the terminal has.
      if(ours_first)
         TakeFrom(allocation.others,left);
      else
         TakeFrom(allocation.own,left);
      return;
     }
   double put=volume;
   if(entry==DEAL_ENTRY_INOUT)
     {
      put=MathMax(volume-allocation.own-allocation.others,0.0);
      allocation.own=0.0;
      allocation.others=0.0;
     }
   if(is_ours)
      allocation.own+=put;
   else
      allocation.others+=put;
  }
//+------------------------------------------------------------------+
//| The shares by the history of the position. It replaces the       |
//| history's selection. False where there is none.                  |
//+------------------------------------------------------------------+
bool ReadAllocation(const CLedger *ledger,const ulong &flattened[],const long identifier,SAllocation &allocation)
  {
   ulong deals[];
   allocation.own=0.0;
   allocation.others=0.0;
   if(!HistorySelectByPosition((ulong)identifier))
      return(false);
   for(int i=0; i<HistoryDealsTotal(); i++)
      AppendTicket(deals,HistoryDealGetTicket(i));
   // In which order a history lists its deals nobody promises; tickets count up.
   ArraySort(deals);
   for(int i=0; i<ArraySize(deals); i++)
     {
      long type=HistoryDealGetInteger(deals[i],DEAL_TYPE);
      if(deals[i]==0 || (type!=DEAL_TYPE_BUY && type!=DEAL_TYPE_SELL))
         continue;
      bool is_ours=IsOurDeal(ledger,flattened,deals[i]);
      Allocate(allocation,HistoryDealGetInteger(deals[i],DEAL_ENTRY),HistoryDealGetDouble(deals[i],DEAL_VOLUME),is_ours,
             is_ours || IsStopDeal(deals[i]));
     }
   // Sums of doubles are a little off.
   allocation.own=NormalizeDouble(allocation.own,8);
   allocation.others=NormalizeDouble(allocation.others,8);
   return(true);
  }
//+------------------------------------------------------------------+
