//+------------------------------------------------------------------+
//|                                              SymbolInquiries.mqh |
//| Inquiries for the broker's name and terms of a symbol, one after |
//| the other. Each is answered by one report. A search of the       |
//| broker's symbols takes several timer calls.                      |
//+------------------------------------------------------------------+
#include "..\Json\Writer.mqh"
#include "..\Link\LinkSession.mqh"
#include "..\Terminal\EnumNames.mqh"
#include "Filling.mqh"
#include "SymbolRules.mqh"
#include "SymbolSearch.mqh"

#define INQUIRIES_MAX 64         // inquiries that wait; the sidecar repeats a dropped one
#define INQUIRY_NAMES_PER_CALL 500         // symbol names compared in one timer call
#define TERMS_WAIT_MS 2000        // a symbol that was just selected may have no terms at first
//+------------------------------------------------------------------+
//| Return a list of texts as JSON.                                  |
//+------------------------------------------------------------------+
string JsonList(const string &texts[])
  {
   string list="[";
   for(int i=0; i<ArraySize(texts); i++)
      list+=((i>0) ? "," : "")+JsonQuoted(texts[i]);
   return(list+"]");
  }
//+------------------------------------------------------------------+
//| Write the answer to an inquiry: the symbol of exactly that name  |
//| with its terms, or no name and the candidates.                   |
//+------------------------------------------------------------------+
string SymbolReport(const string asked,const string name,const CSymbolCandidates &candidates,const int total)
  {
   CJsonWriter json;
   string order_types[];
   string filling_modes[];
   json.Text("kind","symbol");
   json.Text("asked",asked);
   json.TextIfAny("name",name);
   if(name=="" && candidates.Count()>0)
     {
      json.Number("candidates",candidates.NamesJson());
      json.Number("alike",candidates.AlikeJson());
      json.Integer("symbols_total",total);
     }
   if(name=="")
      return(json.Result());
   json.IntegerIfAny("digits",SymbolInfoInteger(name,SYMBOL_DIGITS));
   json.NumberIfAny("point",DecimalText(SymbolInfoDouble(name,SYMBOL_POINT)));
   json.NumberIfAny("tick_size",DecimalText(SymbolInfoDouble(name,SYMBOL_TRADE_TICK_SIZE)));
   json.NumberIfAny("volume_min",DecimalText(SymbolInfoDouble(name,SYMBOL_VOLUME_MIN)));
   json.NumberIfAny("volume_max",DecimalText(SymbolInfoDouble(name,SYMBOL_VOLUME_MAX)));
   json.NumberIfAny("volume_step",DecimalText(SymbolInfoDouble(name,SYMBOL_VOLUME_STEP)));
   json.NumberIfAny("volume_limit",DecimalText(SymbolInfoDouble(name,SYMBOL_VOLUME_LIMIT)));
   json.Text("trade_mode",SymbolTradeModeName(SymbolInfoInteger(name,SYMBOL_TRADE_MODE)));
   AllowedOrderTypes(SymbolInfoInteger(name,SYMBOL_ORDER_MODE),order_types);
   json.Number("order_types",JsonList(order_types));
   long execution=SymbolInfoInteger(name,SYMBOL_TRADE_EXEMODE);
   json.Text("execution_mode",SymbolExecutionName(execution));
   FillingModes(SymbolInfoInteger(name,SYMBOL_FILLING_MODE),execution,filling_modes);
   json.Number("filling_modes",JsonList(filling_modes));
   json.Integer("stops_level",MathMax(SymbolInfoInteger(name,SYMBOL_TRADE_STOPS_LEVEL),(long)0));
   json.Integer("freeze_level",MathMax(SymbolInfoInteger(name,SYMBOL_TRADE_FREEZE_LEVEL),(long)0));
   json.Number("sessions",SessionsJson(name));
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Inquiries of one load of the program.                            |
//+------------------------------------------------------------------+
class CSymbolInquiries
  {
private:
   CLinkSession     *m_session;
   SInquiry          m_waiting[];
   CSymbolCandidates m_candidates;
   bool              m_searching; // a search for the first inquiry is under way
   bool              m_tallying;  // its second pass, which counts the candidates' prefixes and suffixes
   int               m_next;      // index of the next symbol to compare
   string            m_name;      // found symbol, whose terms are awaited
   long              m_until_ms;

   void              Found(const string name,const long mono_ms);
   void              Search(void);
   void              Answer(void);

public:
                     CSymbolInquiries(void);
   void              Load(CLinkSession &session);
   void              Drop(void);
   bool              Put(const SInquiry &inquiry);
   void              Step(const long mono_ms);
  };
//+------------------------------------------------------------------+
//| Create it empty.                                                 |
//+------------------------------------------------------------------+
CSymbolInquiries::CSymbolInquiries(void)
  {
   m_session=NULL;
   Drop();
  }
//+------------------------------------------------------------------+
//| Start a load of the program.                                     |
//+------------------------------------------------------------------+
void CSymbolInquiries::Load(CLinkSession &session)
  {
   m_session=GetPointer(session);
   Drop();
  }
//+------------------------------------------------------------------+
//| Drop all inquiries: the session ended.                           |
//+------------------------------------------------------------------+
void CSymbolInquiries::Drop(void)
  {
   ArrayFree(m_waiting);
   m_candidates.Clear();
   m_searching=false;
   m_tallying=false;
   m_next=0;
   m_name="";
   m_until_ms=0;
  }
//+------------------------------------------------------------------+
//| Append an inquiry, the same one once; return false where too     |
//| many wait.                                                       |
//+------------------------------------------------------------------+
bool CSymbolInquiries::Put(const SInquiry &inquiry)
  {
   int count=ArraySize(m_waiting);
   for(int i=0; i<count; i++)
      if(m_waiting[i].symbol==inquiry.symbol && m_waiting[i].exact==inquiry.exact)
         return(true);
   if(count>=INQUIRIES_MAX)
      return(false);
   ArrayResize(m_waiting,count+1,INQUIRIES_MAX);
   m_waiting[count]=inquiry;
   return(true);
  }
//+------------------------------------------------------------------+
//| Do a bounded amount of work. Only in a session, with the broker  |
//| connected.                                                       |
//+------------------------------------------------------------------+
void CSymbolInquiries::Step(const long mono_ms)
  {
   bool custom=false;
   if(ArraySize(m_waiting)==0 || m_session.Room()<=0)
      return;
   if(m_name!="")
     {
      // A symbol gets its terms some time after it was added to Market Watch.
      if(SymbolInfoDouble(m_name,SYMBOL_VOLUME_STEP)>0.0 || mono_ms>=m_until_ms)
         Answer();
      return;
     }
   string asked=m_waiting[0].symbol;
   if(!m_searching && SymbolExist(asked,custom))
      Found(asked,mono_ms);
   else if(!m_searching && m_waiting[0].exact)
      Answer();
   else
      Search();
  }
//+------------------------------------------------------------------+
//| Wait for the terms of the found symbol.                          |
//+------------------------------------------------------------------+
void CSymbolInquiries::Found(const string name,const long mono_ms)
  {
   m_name=name;
   m_until_ms=mono_ms+TERMS_WAIT_MS;
   m_candidates.Clear();
   SymbolSelect(name,true);
  }
//+------------------------------------------------------------------+
//| Search a portion of the broker's symbols, including those        |
//| outside Market Watch: first for candidates, then for symbols     |
//| with their prefix and suffix. A custom symbol cannot be traded.  |
//+------------------------------------------------------------------+
void CSymbolInquiries::Search(void)
  {
   string asked=m_waiting[0].symbol;
   int total=SymbolsTotal(false);
   if(!m_searching)
     {
      m_searching=true;
      m_tallying=false;
      m_next=0;
      m_candidates.Clear();
     }
   for(int i=0; i<INQUIRY_NAMES_PER_CALL && m_next<total; i++)
     {
      string name=SymbolName(m_next,false);
      m_next++;
      if(m_tallying)
         m_candidates.Tally(name);
      else
         if(IsVariant(name,asked) && SymbolInfoInteger(name,SYMBOL_CUSTOM)==0)
            m_candidates.Add(name);
     }
   if(m_next<total)
      return;
   if(m_tallying || m_candidates.Count()==0)
     {
      Answer();
      return;
     }
   m_tallying=true;
   m_next=0;
   m_candidates.Split(asked);
  }
//+------------------------------------------------------------------+
//| Answer the first inquiry.                                        |
//+------------------------------------------------------------------+
void CSymbolInquiries::Answer(void)
  {
   m_session.Post(SymbolReport(m_waiting[0].symbol,m_name,m_candidates,SymbolsTotal(false)));
   int count=ArraySize(m_waiting)-1;
   for(int i=0; i<count; i++)
      m_waiting[i]=m_waiting[i+1];
   ArrayResize(m_waiting,count,INQUIRIES_MAX);
   m_candidates.Clear();
   m_searching=false;
   m_tallying=false;
   m_name="";
  }
//+------------------------------------------------------------------+
