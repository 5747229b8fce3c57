//+------------------------------------------------------------------+
//|                                              FlattenAttempts.mqh |
//| Attempts of the flatten button: their number, the time of the    |
//| next one, and the number of open items. No call into the         |
//| terminal.                                                        |
//+------------------------------------------------------------------+
#define RETRY_MS 2000
#define OUTCOME_WAIT_MS 30000           // after this time a request can have no further effect
#define FLATTEN_ATTEMPTS_MAX 5
#define NEVER_MS (-1)
//+------------------------------------------------------------------+
//| Attempts on one position or order.                               |
//+------------------------------------------------------------------+
struct SFlattenAttempt
  {
   long              number;        // a position's identifier; an order's ticket, negative
   double            volume;        // open volume; a smaller one restarts the count
   int               attempts;
   long              next_ms;
   long              unresolved_ms; // since when the history does not cover its volume; NEVER_MS: it does
  };
//+------------------------------------------------------------------+
//| Attempts of one load of the program.                             |
//+------------------------------------------------------------------+
class CFlattenAttempts
  {
private:
   SFlattenAttempt   m_attempts[];
   int               m_last;     // index of the last attempt
   int               m_left;     // open positions and orders at the last check
   int               m_given_up; // of these, after the last attempt

   int               IndexOf(const long number,const long mono_ms);

public:
                     CFlattenAttempts(void);
   void              Clear(void);
   void              Restart(void);
   void              BeginCount(void);
   bool              Attempt(const long number,const double volume,const long mono_ms,const bool may_send);
   void              WaitForOutcome(const long mono_ms) { m_attempts[m_last].next_ms=mono_ms+OUTCOME_WAIT_MS; }
   bool              IsUnresolved(const long number,const bool fits,const long mono_ms);
   bool              IsGivenUp(const long number) const;
   int               Left(void) const { return(m_left); }
   int               GivenUp(void) const { return(m_given_up); }
  };
//+------------------------------------------------------------------+
//| Create it without attempts.                                      |
//+------------------------------------------------------------------+
CFlattenAttempts::CFlattenAttempts(void)
  {
   m_last=0;
   m_left=0;
   m_given_up=0;
  }
//+------------------------------------------------------------------+
//| Remove all attempts.                                             |
//+------------------------------------------------------------------+
void CFlattenAttempts::Clear(void)
  {
   m_last=0;
   m_left=0;
   m_given_up=0;
   ArrayFree(m_attempts);
  }
//+------------------------------------------------------------------+
//| Allow the full number of attempts again. The time of the next    |
//| attempt stays.                                                   |
//+------------------------------------------------------------------+
void CFlattenAttempts::Restart(void)
  {
   BeginCount();
   for(int i=0; i<ArraySize(m_attempts); i++)
      m_attempts[i].attempts=0;
  }
//+------------------------------------------------------------------+
//| Begin to count open items.                                       |
//+------------------------------------------------------------------+
void CFlattenAttempts::BeginCount(void)
  {
   m_left=0;
   m_given_up=0;
  }
//+------------------------------------------------------------------+
//| Return the index of an item's attempts; a new item is added.     |
//+------------------------------------------------------------------+
int CFlattenAttempts::IndexOf(const long number,const long mono_ms)
  {
   int count=ArraySize(m_attempts);
   for(int i=0; i<count; i++)
      if(m_attempts[i].number==number)
         return(i);
   ArrayResize(m_attempts,count+1,64);
   m_attempts[count].number=number;
   m_attempts[count].volume=0.0;
   m_attempts[count].attempts=0;
   m_attempts[count].next_ms=mono_ms;
   m_attempts[count].unresolved_ms=NEVER_MS;
   return(count);
  }
//+------------------------------------------------------------------+
//| Count an open item; return true where an attempt is due and may  |
//| be sent.                                                         |
//+------------------------------------------------------------------+
bool CFlattenAttempts::Attempt(const long number,const double volume,const long mono_ms,const bool may_send)
  {
   int at=IndexOf(number,mono_ms);
   m_left++;
   if(volume<m_attempts[at].volume)
      m_attempts[at].attempts=0;
   m_attempts[at].volume=volume;
   if(mono_ms<m_attempts[at].next_ms)
      return(false);
   if(m_attempts[at].attempts>=FLATTEN_ATTEMPTS_MAX)
     {
      m_given_up++;
      return(false);
     }
   if(!may_send)
      return(false);
   m_last=at;
   m_attempts[at].attempts++;
   m_attempts[at].next_ms=mono_ms+RETRY_MS;
   return(true);
  }
//+------------------------------------------------------------------+
//| Return whether the history may still come to cover the           |
//| position's volume. `fits`: it does now.                          |
//+------------------------------------------------------------------+
bool CFlattenAttempts::IsUnresolved(const long number,const bool fits,const long mono_ms)
  {
   int at=IndexOf(number,mono_ms);
   if(fits)
      m_attempts[at].unresolved_ms=NEVER_MS;
   else
      if(m_attempts[at].unresolved_ms==NEVER_MS)
         m_attempts[at].unresolved_ms=mono_ms;
   return(!fits && mono_ms<m_attempts[at].unresolved_ms+OUTCOME_WAIT_MS);
  }
//+------------------------------------------------------------------+
//| Return whether all attempts on an item were made.                |
//+------------------------------------------------------------------+
bool CFlattenAttempts::IsGivenUp(const long number) const
  {
   for(int i=0; i<ArraySize(m_attempts); i++)
      if(m_attempts[i].number==number)
         return(m_attempts[i].attempts>=FLATTEN_ATTEMPTS_MAX);
   return(false);
  }
//+------------------------------------------------------------------+
