//+------------------------------------------------------------------+
//|                                                   Allocation.mqh |
//| Allocation of a position on a netting account to this program    |
//| and to others. Several programs and manual trades share one      |
//| position, and a deal may reverse it. The sidecar's journal       |
//| allocates in the same way:                                       |
//|                                                                  |
//|   deal            effect                                         |
//|   IN              adds to the lots of its owner                  |
//|   OUT, ours       takes our lots first, then the others'         |
//|   OUT, manual     takes the others' lots first, then ours: a     |
//|                   manual trade means the operator's own lots     |
//|   OUT, stop       takes our lots first, then the others'         |
//|   INOUT           takes all lots; the rest are its owner's       |
//|   reopening       by the server itself: no trade. All lots       |
//|                   change in the ratio of its two volumes         |
//+------------------------------------------------------------------+
#include "..\Ledger\Ownership.mqh"
#include "..\Reports\OrderSearch.mqh"

// Orders of the flatten button have no magic: a client order id stands for one command.
#define FLATTEN_COMMENT "flatten"
//+------------------------------------------------------------------+
//| Lots of this program and of others.                              |
//+------------------------------------------------------------------+
struct SAllocation
  {
   double            own;
   double            others;
  };
//+------------------------------------------------------------------+
//| Return whether magic and comment mark an order of the flatten    |
//| button.                                                          |
//+------------------------------------------------------------------+
bool IsFlattenMark(const long magic,const string comment)
  {
   return(magic==0 && StringFind(comment,FLATTEN_COMMENT)==0);
  }
//+------------------------------------------------------------------+
//| Return whether a deal of the selected history is of an order     |
//| with a client order id of the ledger, or of the flatten button.  |
//| `flattened`: known orders of the button, since a broker may      |
//| rewrite their comments.                                          |
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
//| Return whether the server made a deal: stop loss, take profit or |
//| stop out. It takes the lots of every owner.                      |
//+------------------------------------------------------------------+
bool IsStopDeal(const ulong deal)
  {
   long reason=HistoryDealGetInteger(deal,DEAL_REASON);
   return(reason==DEAL_REASON_SL || reason==DEAL_REASON_TP || reason==DEAL_REASON_SO);
  }
//+------------------------------------------------------------------+
//| Return whether the server closed the position with a deal to     |
//| open it anew, or opened it anew.                                 |
//+------------------------------------------------------------------+
bool IsReopeningDeal(const ulong deal)
  {
   long reason=HistoryDealGetInteger(deal,DEAL_REASON);
   return(reason==DEAL_REASON_ROLLOVER || reason==DEAL_REASON_VMARGIN || reason==DEAL_REASON_SPLIT
          || reason==DEAL_REASON_CORPORATE_ACTION);
  }
//+------------------------------------------------------------------+
//| Apply one deal of a reopening. `closed`: the volume that the     |
//| server closed and has not opened anew.                           |
//+------------------------------------------------------------------+
void ApplyReopening(SAllocation &allocation,double &closed,const long entry,const double volume)
  {
   if(entry!=DEAL_ENTRY_IN)
     {
      closed=volume;
      return;
     }
   if(closed>0.0)
     {
      allocation.own=allocation.own*volume/closed;
      allocation.others=allocation.others*volume/closed;
     }
   closed=0.0;
  }
//+------------------------------------------------------------------+
//| Take a volume from one owner's lots; return the rest that they   |
//| do not cover.                                                    |
//+------------------------------------------------------------------+
double TakeFrom(double &allocation,const double volume)
  {
   double taken=MathMin(allocation,volume);
   allocation-=taken;
   return(volume-taken);
  }
//+------------------------------------------------------------------+
//| Apply one deal to the lots.                                      |
//+------------------------------------------------------------------+
void Allocate(SAllocation &allocation,const long entry,const double volume,const bool is_ours,const bool ours_first)
  {
   if(entry==DEAL_ENTRY_OUT || entry==DEAL_ENTRY_OUT_BY)
     {
      double left=ours_first ? TakeFrom(allocation.own,volume) : TakeFrom(allocation.others,volume);
      // A rest is older than the terminal's history.
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
//| Read the lots from the position's history. Replaces the selected |
//| history. Return false where there is none.                       |
//+------------------------------------------------------------------+
bool ReadAllocation(const CLedger *ledger,const ulong &flattened[],const long identifier,SAllocation &allocation)
  {
   ulong deals[];
   double closed=0.0;
   allocation.own=0.0;
   allocation.others=0.0;
   if(!HistorySelectByPosition((ulong)identifier))
      return(false);
   for(int i=0; i<HistoryDealsTotal(); i++)
      AppendTicket(deals,HistoryDealGetTicket(i));
   // The order of deals in a history is not documented; tickets increase.
   ArraySort(deals);
   for(int i=0; i<ArraySize(deals); i++)
     {
      long type=HistoryDealGetInteger(deals[i],DEAL_TYPE);
      if(deals[i]==0 || (type!=DEAL_TYPE_BUY && type!=DEAL_TYPE_SELL))
         continue;
      if(IsReopeningDeal(deals[i]))
        {
         ApplyReopening(allocation,closed,HistoryDealGetInteger(deals[i],DEAL_ENTRY),HistoryDealGetDouble(deals[i],DEAL_VOLUME));
         continue;
        }
      bool is_ours=IsOurDeal(ledger,flattened,deals[i]);
      Allocate(allocation,HistoryDealGetInteger(deals[i],DEAL_ENTRY),HistoryDealGetDouble(deals[i],DEAL_VOLUME),is_ours,
             is_ours || IsStopDeal(deals[i]));
     }
   // Remove rounding errors of the sums.
   allocation.own=NormalizeDouble(allocation.own,8);
   allocation.others=NormalizeDouble(allocation.others,8);
   return(true);
  }
//+------------------------------------------------------------------+
