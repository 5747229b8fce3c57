//+------------------------------------------------------------------+
//|                                                        Clock.mqh |
//| Clocks. Durations are never taken from wall clocks: daylight     |
//| saving and corrections move them in steps.                       |
//+------------------------------------------------------------------+
#define PC_CLOCK_ERROR_MS 1800000 // error of the PC's clock that remains in the broker's time
//+------------------------------------------------------------------+
//| Return milliseconds of a monotonic clock. 64 bits: it does not   |
//| wrap, as GetTickCount does after 49.7 days.                      |
//+------------------------------------------------------------------+
long MonoMs(void)
  {
   return((long)GetTickCount64());
  }
//+------------------------------------------------------------------+
//| Return microseconds since the program's start, for measuring.    |
//+------------------------------------------------------------------+
long MonoUs(void)
  {
   return((long)GetMicrosecondCount());
  }
//+------------------------------------------------------------------+
//| Return the broker's time in milliseconds; 0 before it is known.  |
//| It is not UTC. TimeCurrent stands still without ticks.           |
//+------------------------------------------------------------------+
long ServerMs(void)
  {
   long seconds=(long)TimeTradeServer();
   return((seconds>0) ? 1000*seconds : 0);
  }
//+------------------------------------------------------------------+
//| Return the earliest possible broker's time, in milliseconds; 0   |
//| before it is known. TimeTradeServer is the PC's time moved by    |
//| whole hours, and may be wrong by half an hour. The last quote's  |
//| time is the broker's own, and stands still without quotes.       |
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
//| Return the next moment of a fixed schedule. Late calls cause no  |
//| drift, and a stall no burst.                                     |
//+------------------------------------------------------------------+
long NextDue(const long due_ms,const long now_ms,const long interval_ms)
  {
   if(interval_ms<=0)
      return(now_ms);
   long missed=(now_ms>due_ms) ? (now_ms-due_ms)/interval_ms : 0;
   return(due_ms+(missed+1)*interval_ms);
  }
//+------------------------------------------------------------------+
