//+------------------------------------------------------------------+
//|                                              FlattenAttempts.mqh |
//| How often the flatten button tried what, when it may try again,  |
//| and how much is left. No call into the terminal.                 |
//+------------------------------------------------------------------+
#define RETRY_MS 2000
#define STATUS_REQUEST_MS 30000           // until nothing can still come of a request
#define FLATTEN_TRIES 5
#define NEVER_MS (-1)
//+------------------------------------------------------------------+
//| Of one position or order                                         |
//+------------------------------------------------------------------+
struct STry
  {
   long              number;     // a position's identifier; an order's ticket, negative
   double            volume;     // that was left; a part that went starts the count anew
   int               tries;
   long              next_ms;
   long              doubted_ms; // since when the history does not tell its volume; NEVER_MS: it does
  };
//+------------------------------------------------------------------+
//| Of one load of the program                                       |
//+------------------------------------------------------------------+
class CTries
  {
private:
   STry              m_tries[];
   int               m_last;         // the try that was made last
   int               m_left;         // positions and orders that were there at the last look
   int               m_given_up;     // of these

   int               Place(const long number,const long mono_ms);

public:
                     CTries(void);
   void              Clear(void);
   void              Restart(void);
   void              BeginLook(void);
   bool              Try(const long number,const double volume,const long mono_ms,const bool may_send);
   void              StatusRequest(const long mono_ms) { m_tries[m_last].next_ms=mono_ms+STATUS_REQUEST_MS; }
   bool              IsUnresolved(const long number,const bool fits,const long mono_ms);
   bool              IsGivenUp(const long number) const;
   int               Left(void) const { return(m_left); }
   int               GivenUp(void) const { return(m_given_up); }
  };
//+------------------------------------------------------------------+
//| Nothing was tried                                                |
//+------------------------------------------------------------------+
CTries::CTries(void)
  {
   m_last=0;
   m_left=0;
   m_given_up=0;
  }
//+------------------------------------------------------------------+
//| Nothing was tried, again                                         |
//+------------------------------------------------------------------+
void CTries::Clear(void)
  {
   m_last=0;
   m_left=0;
   m_given_up=0;
   ArrayFree(m_tries);
  }
//+------------------------------------------------------------------+
//| The button was pressed once more: everything may be tried as     |
//| often again, but nothing sooner                                  |
//+------------------------------------------------------------------+
void CTries::Restart(void)
  {
   BeginLook();
   for(int i=0; i<ArraySize(m_tries); i++)
      m_tries[i].tries=0;
  }
//+------------------------------------------------------------------+
//| What is left is counted anew                                     |
//+------------------------------------------------------------------+
void CTries::BeginLook(void)
  {
   m_left=0;
   m_given_up=0;
  }
//+------------------------------------------------------------------+
//| Where the tries of one thing are counted                         |
//+------------------------------------------------------------------+
int CTries::Place(const long number,const long mono_ms)
  {
   int count=ArraySize(m_tries);
   for(int i=0; i<count; i++)
      if(m_tries[i].number==number)
         return(i);
   ArrayResize(m_tries,count+1,64);
   m_tries[count].number=number;
   m_tries[count].volume=0.0;
   m_tries[count].tries=0;
   m_tries[count].next_ms=mono_ms;
   m_tries[count].doubted_ms=NEVER_MS;
   return(count);
  }
//+------------------------------------------------------------------+
//| Count something among what is left, and whether it is tried now: |
//| it is due, and may be sent                                       |
//+------------------------------------------------------------------+
bool CTries::Try(const long number,const double volume,const long mono_ms,const bool may_send)
  {
   int at=Place(number,mono_ms);
   m_left++;
   if(volume<m_tries[at].volume)
      m_tries[at].tries=0;
   m_tries[at].volume=volume;
   if(mono_ms<m_tries[at].next_ms)
      return(false);
   if(m_tries[at].tries>=FLATTEN_TRIES)
     {
      m_given_up++;
      return(false);
     }
   if(!may_send)
      return(false);
   m_last=at;
   m_tries[at].tries++;
   m_tries[at].next_ms=mono_ms+RETRY_MS;
   return(true);
  }
//+------------------------------------------------------------------+
//| Whether the history, which does or does not account for a        |
//| position's volume, may still come to do so                       |
//+------------------------------------------------------------------+
bool CTries::IsUnresolved(const long number,const bool fits,const long mono_ms)
  {
   int at=Place(number,mono_ms);
   if(fits)
      m_tries[at].doubted_ms=NEVER_MS;
   else
      if(m_tries[at].doubted_ms==NEVER_MS)
         m_tries[at].doubted_ms=mono_ms;
   return(!fits && mono_ms<m_tries[at].doubted_ms+STATUS_REQUEST_MS);
  }
//+------------------------------------------------------------------+
//| Whether everything was tried                                     |
//+------------------------------------------------------------------+
bool CTries::IsGivenUp(const long number) const
  {
   for(int i=0; i<ArraySize(m_tries); i++)
      if(m_tries[i].number==number)
         return(m_tries[i].tries>=FLATTEN_TRIES);
   return(false);
  }
//+------------------------------------------------------------------+
