//+------------------------------------------------------------------+
//|                                                 Transactions.mqh |
//| Record the trade transactions of a market order, their order and |
//| their delay. Five are expected: order added, deal added, order   |
//| deleted, history added, request.                                 |
//+------------------------------------------------------------------+
#include "Report.mqh"

#define PROBE_KINDS 5
#define PROBE_TEXT_MAX 900
#define PROBE_TRANSACTION_PROMPT_MS 50          // a few timer calls: not late
//+------------------------------------------------------------------+
//| Transactions of the orders so far.                               |
//+------------------------------------------------------------------+
class CProbeTransactions
  {
private:
   string            m_names;
   ulong             m_order;           // the order whose transactions are expected; 0: the result had none
   bool              m_expecting;
   long              m_since_us;
   int               m_count;
   int               m_at[PROBE_KINDS]; // sequence number of each kind, from 1; 0: not yet
   int               m_expected;
   int               m_missing;
   long              m_late_ms;
   bool              m_reordered;

   int               Kind(const MqlTradeTransaction &transaction,const MqlTradeResult &result) const;

public:
                     CProbeTransactions(void);
   void              Start(void);
   void              Expect(const ulong order);
   void              Add(const MqlTradeTransaction &transaction,const MqlTradeResult &result);
   bool              Complete(void) const;
   void              Evaluate(void);
   void              Report(CProbeReport &report) const;
  };
//+------------------------------------------------------------------+
//| Create it without transactions.                                  |
//+------------------------------------------------------------------+
CProbeTransactions::CProbeTransactions(void)
  {
   Start();
  }
//+------------------------------------------------------------------+
//| Start without transactions.                                      |
//+------------------------------------------------------------------+
void CProbeTransactions::Start(void)
  {
   m_names="";
   m_order=0;
   m_expecting=false;
   m_since_us=0;
   m_count=0;
   ArrayInitialize(m_at,0);
   m_expected=0;
   m_missing=0;
   m_late_ms=0;
   m_reordered=false;
  }
//+------------------------------------------------------------------+
//| Expect the transactions of an order that OrderSend has just      |
//| returned.                                                        |
//+------------------------------------------------------------------+
void CProbeTransactions::Expect(const ulong order)
  {
   m_order=order;
   m_expecting=true;
   m_since_us=(long)GetMicrosecondCount();
   m_count=0;
   ArrayInitialize(m_at,0);
  }
//+------------------------------------------------------------------+
//| Return the index of a transaction of the order in m_at; -1 for   |
//| any other.                                                       |
//+------------------------------------------------------------------+
int CProbeTransactions::Kind(const MqlTradeTransaction &transaction,const MqlTradeResult &result) const
  {
   bool is_request=(transaction.type==TRADE_TRANSACTION_REQUEST);
   ulong order=is_request ? result.order : transaction.order;
   if(m_order!=0 && order!=m_order)
      return(-1);
   if(is_request)
      return(4);
   switch(transaction.type)
     {
      case TRADE_TRANSACTION_ORDER_ADD:
         return(0);
      case TRADE_TRANSACTION_DEAL_ADD:
         return(1);
      case TRADE_TRANSACTION_ORDER_DELETE:
         return(2);
      case TRADE_TRANSACTION_HISTORY_ADD:
         return(3);
      default:
         return(-1);
     }
  }
//+------------------------------------------------------------------+
//| Record a transaction.                                            |
//+------------------------------------------------------------------+
void CProbeTransactions::Add(const MqlTradeTransaction &transaction,const MqlTradeResult &result)
  {
   if(StringLen(m_names)<PROBE_TEXT_MAX)
      m_names+=((m_names=="") ? "" : ",")+EnumToString(transaction.type);
   int kind=Kind(transaction,result);
   if(!m_expecting || kind<0 || m_at[kind]>0)
      return;
   m_count++;
   m_at[kind]=m_count;
   if(m_count==1)
      m_late_ms=MathMax(m_late_ms,((long)GetMicrosecondCount()-m_since_us)/1000);
  }
//+------------------------------------------------------------------+
//| Return whether all five came.                                    |
//+------------------------------------------------------------------+
bool CProbeTransactions::Complete(void) const
  {
   return(m_count==PROBE_KINDS);
  }
//+------------------------------------------------------------------+
//| Stop waiting, and count missing ones. The places of request and  |
//| deal differ between brokers and do not count as reordered.       |
//+------------------------------------------------------------------+
void CProbeTransactions::Evaluate(void)
  {
   if(!m_expecting)
      return;
   m_expecting=false;
   m_expected+=PROBE_KINDS;
   m_missing+=PROBE_KINDS-m_count;
   bool added_late=false;
   for(int i=1; i<4; i++)
      if(m_at[0]>0 && m_at[i]>0 && m_at[i]<m_at[0])
         added_late=true;
   bool deleted_late=(m_at[2]>0 && m_at[3]>0 && m_at[3]<m_at[2]);
   if(added_late || deleted_late)
      m_reordered=true;
  }
//+------------------------------------------------------------------+
//| Report the counts and delays.                                    |
//+------------------------------------------------------------------+
void CProbeTransactions::Report(CProbeReport &report) const
  {
   report.Note("transactions",m_names);
   report.Measure("transactions_expected",m_expected);
   report.Measure("transactions_missing",m_missing);
   if(m_expected==0)
      return;
   long every=(m_missing==0) ? 0 : (long)MathMax(2.0,MathRound((double)m_expected/(double)m_missing));
   report.Integer("transactions_dropped_every",every);
   report.Integer("transactions_late",(m_late_ms>PROBE_TRANSACTION_PROMPT_MS) ? m_late_ms : 0);
   report.Flag("transactions_reordered",m_reordered);
  }
//+------------------------------------------------------------------+
