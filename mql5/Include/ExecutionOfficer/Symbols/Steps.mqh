//+------------------------------------------------------------------+
//|                                                        Steps.mqh |
//| Decimals of the link as doubles on the symbol's steps.           |
//+------------------------------------------------------------------+
#define STEP_TOLERANCE 0.0001         // deviation of a double from a whole number of steps, in steps
//+------------------------------------------------------------------+
//| Return the double nearest to a whole number of steps, where the  |
//| text is one. Any other value stays for OrderCheck to refuse:     |
//| nothing is rounded, so nothing becomes larger.                   |
//+------------------------------------------------------------------+
double ToStep(const string text,const double step)
  {
   double value=(text=="") ? 0.0 : StringToDouble(text);
   if(step<=0.0 || value==0.0)
      return(value);
   double steps=value/step;
   double whole=MathRound(steps);
   if(MathAbs(steps-whole)>STEP_TOLERANCE)
      return(value);
   return(NormalizeDouble(whole*step,8));
  }
//+------------------------------------------------------------------+
//| Return the level of an order, or the present one where it has    |
//| none.                                                            |
//+------------------------------------------------------------------+
double LevelOr(const string text,const double step,const double present)
  {
   return((text=="") ? present : ToStep(text,step));
  }
//+------------------------------------------------------------------+
