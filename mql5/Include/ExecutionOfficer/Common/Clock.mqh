//+------------------------------------------------------------------+
//|                                                        Clock.mqh |
//| Time. Durations are never taken from wall clocks: daylight       |
//| saving and corrections step them.                                |
//+------------------------------------------------------------------+
#define PC_CLOCK_ERROR_MS 1800000 // what is left of it in the broker's time
//+------------------------------------------------------------------+
//| Milliseconds of a clock that never goes back. 64 bits: it does   |
//| not wrap, as GetTickCount does after 49.7 days.                  |
//+------------------------------------------------------------------+
long MonoMs(void)
  {
   return((long)GetTickCount64());
  }
//+------------------------------------------------------------------+
//| Microseconds since the program started, for measuring            |
//+------------------------------------------------------------------+
long MonoUs(void)
  {
   return((long)GetMicrosecondCount());
  }
//+------------------------------------------------------------------+
//| The broker's time now, in milliseconds; 0 before it is known.    |
//| It is not UTC. TimeCurrent would stand still without ticks.      |
//+------------------------------------------------------------------+
long ServerMs(void)
  {
   long seconds=(long)TimeTradeServer();
   return((seconds>0) ? 1000*seconds : 0);
  }
//+------------------------------------------------------------------+
//| The earliest that the broker's time may be now; 0 before it is   |
//| known. TimeTradeServer is the PC's time moved by whole hours, so |
//| that it may be wrong by half an hour. The last quote's time is   |
//| the broker's own, and stands still without quotes.               |
//+------------------------------------------------------------------+
long EarliestServerMs(void)
  {
   long now_ms=ServerMs();
   long earliest_ms=1000*(long)TimeCurrent();
   if(earliest_ms<now_ms-PC_CLOCK_ERROR_MS)
      earliest_ms=now_ms-PC_CLOCK_ERROR_MS;
   if(earliest_ms>now_ms)
      earliest_ms=now_ms;
   return((earliest_ms>0) ? earliest_ms : 0);
  }
//+------------------------------------------------------------------+
//| The next moment of a fixed schedule: no drift by late calls, and |
//| no burst after a stall                                           |
//+------------------------------------------------------------------+
long NextDue(const long due_ms,const long now_ms,const long interval_ms)
  {
   if(interval_ms<=0)
      return(now_ms);
   long missed=(now_ms>due_ms) ? (now_ms-due_ms)/interval_ms : 0;
   return(due_ms+(missed+1)*interval_ms);
  }
//+------------------------------------------------------------------+
