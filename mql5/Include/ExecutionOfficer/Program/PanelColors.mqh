//+------------------------------------------------------------------+
//|                                                  PanelColors.mqh |
//| Colors of the panel's text, readable on any background of the    |
//| chart. No call into the terminal.                                |
//+------------------------------------------------------------------+
#define PANEL_CONTRAST_LEAST 3.4   // 3 is enough for text of this size (WCAG 2), and the luminance is an estimate

enum ENUM_PANEL_TONE
  {
   PANEL_TONE_PLAIN,
   PANEL_TONE_GOOD,
   PANEL_TONE_BAD
  };
//+------------------------------------------------------------------+
//| Return the relative luminance of a color, from 0 to 1.           |
//+------------------------------------------------------------------+
double Luminance(const color tint)
  {
   int value=(int)tint;
   double red=(double)(value & 0xFF)/255.0;
   double green=(double)((value>>8) & 0xFF)/255.0;
   double blue=(double)((value>>16) & 0xFF)/255.0;
   return(0.2126*MathPow(red,2.2)+0.7152*MathPow(green,2.2)+0.0722*MathPow(blue,2.2));
  }
//+------------------------------------------------------------------+
//| Return the contrast of two colors, from 1 to 21.                 |
//+------------------------------------------------------------------+
double Contrast(const color one,const color other)
  {
   double left=Luminance(one)+0.05;
   double right=Luminance(other)+0.05;
   return((left>right) ? left/right : right/left);
  }
//+------------------------------------------------------------------+
//| Return the color of a tone: the first of two that can be read on |
//| the background, else black or white.                             |
//+------------------------------------------------------------------+
color ReadableTint(const ENUM_PANEL_TONE tone,const color background)
  {
   color light=clrSilver;
   color dark=clrBlack;
   if(tone==PANEL_TONE_GOOD)
     {
      light=clrLimeGreen;
      dark=clrGreen;
     }
   if(tone==PANEL_TONE_BAD)
     {
      light=clrOrangeRed;
      dark=clrFireBrick;
     }
   if(Contrast(light,background)>=PANEL_CONTRAST_LEAST)
      return(light);
   if(Contrast(dark,background)>=PANEL_CONTRAST_LEAST)
      return(dark);
   return((Contrast(clrBlack,background)>Contrast(clrWhite,background)) ? clrBlack : clrWhite);
  }
//+------------------------------------------------------------------+
