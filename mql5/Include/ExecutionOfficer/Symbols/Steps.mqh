//+------------------------------------------------------------------+
//|                                                        Steps.mqh |
//| Decimals of the link as doubles on the symbol's steps.           |
//+------------------------------------------------------------------+
#define STEP_TOLERANCE 0.0001         // deviation of a double from a whole number of steps, in steps
#define NORMALIZED_DIGITS 8           // the most that NormalizeDouble takes (MQL5 reference, NormalizeDouble)
#define NORMALIZED_STEP 0.00000001
//+------------------------------------------------------------------+
//| Return a price on the symbol's digits. With more than            |
//| NormalizeDouble takes it stays: rounded to eight digits it would |
//| be another price.                                                |
//+------------------------------------------------------------------+
double ToDigits(const double price,const int digits)
  {
   return((digits>NORMALIZED_DIGITS) ? price : NormalizeDouble(price,digits));
  }
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
   // Read from its text, the value of a finer step is the nearest double already.
   if(step<NORMALIZED_STEP*(1.0-STEP_TOLERANCE))
      return(value);
   return(NormalizeDouble(whole*step,NORMALIZED_DIGITS));
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
